package pgprov

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
)

// A seenRole is a role in a survey.
type seenRole struct {
	role
	name string
	in   []string // the roles that it is directly in
	// hasPassword is only known to an admin that is a superuser.
	hasPassword bool
	timeouts    []string // as member's
}

// A seenBase is a database in a survey. Granted has who has which right, as
// "role=RIGHT"; PUBLIC and the owner are left out.
type seenBase struct {
	base
	whole  bool      // its owner has all rights on it, as one has of whom none were taken
	schema ownership // of schema public
	// defaults are the roles that make something in it and the groups that get
	// rights on that by default, as "maker>group".
	defaults []string
}

// What bears our mark, and what bears one of our names. There are thousands, and
// PostgreSQL may know little of how many: what belongs to each is gathered once
// and joined, or found by a function with a cache of the server's, such as
// pg_get_userbyid, so that no catalog is read for each of them.
const (
	surveyRoles = `SELECT r.oid, coalesce(c.description, '')` + roleColumns + `, r.rolname,
       coalesce(g.groups, '{}'), coalesce(t.timeouts, '{}')`
	fromMarked = `
FROM pg_roles r LEFT JOIN pg_shdescription c ON c.objoid = r.oid AND c.classoid = 'pg_authid'::regclass
LEFT JOIN (SELECT m.member, array_agg(pg_get_userbyid(m.roleid)::text ORDER BY m.roleid) AS groups FROM pg_auth_members m GROUP BY m.member) g ON g.member = r.oid
LEFT JOIN (SELECT c.setrole, array_agg(` + timeout + `) AS timeouts FROM ` + timeoutSettings + ` GROUP BY c.setrole) t ON t.setrole = r.oid
WHERE starts_with(coalesce(c.description, ''), $1) OR r.rolname = ANY ($2::text[])`
	surveyBases = `
SELECT d.datname, d.oid, coalesce(c.description, ''), d.datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user), d.datconnlimit, d.datallowconn,
       EXISTS (SELECT FROM aclexplode(d.acl) a WHERE a.grantee = 0),
       ARRAY(SELECT DISTINCT pg_get_userbyid(a.grantee) || '=' || a.privilege_type FROM aclexplode(d.acl) a
             WHERE a.grantee <> d.datdba AND a.grantee <> 0 ORDER BY 1),
       (SELECT count(DISTINCT a.privilege_type) = 3 FROM aclexplode(d.acl) a WHERE a.grantee = d.datdba),
       ` + publicOwner + `, coalesce(g.defaults, '{}')
FROM (SELECT *, coalesce(datacl, acldefault('d', datdba)) AS acl FROM pg_database) d
LEFT JOIN pg_shdescription c ON c.objoid = d.oid AND c.classoid = 'pg_database'::regclass
LEFT JOIN LATERAL (SELECT array_agg(DISTINCT pg_get_userbyid(m.refobjid) || '>' || pg_get_userbyid(a.refobjid)) AS defaults
           FROM pg_shdepend m JOIN pg_shdepend a USING (dbid, classid, objid)
           WHERE m.dbid = d.oid AND m.classid = 'pg_default_acl'::regclass AND m.refclassid = 'pg_authid'::regclass AND m.deptype = 'o'
             AND a.refclassid = 'pg_authid'::regclass AND a.deptype = 'a' AND starts_with(pg_get_userbyid(a.refobjid), '` + workPrefix + `')
          ) g ON true
WHERE starts_with(coalesce(c.description, ''), $1) OR d.datname = ANY ($2::text[])`
)

// SurveyQueries are the two queries of a survey by an admin that is a superuser,
// for whoever measures what they cost by themselves. Both take a prefix of marks
// and an array of names.
func SurveyQueries() (roles, databases string) {
	return surveyRoles + withVerifier + fromMarked, surveyBases
}

// found is everything that a survey saw, by name and by mark.
type found struct {
	roles  map[string]*seenRole
	bases  map[string]*seenBase
	marked map[string][]*seenRole // by mark
	named  map[string][]*seenBase // databases by mark
	wanted map[string]bool        // names of roles and databases that were compared
}

// Survey reads roles and databases, each in one query, and compares in memory.
func (s *server) Survey(ctx context.Context, markPrefix string, expected []database.Expected) (database.Survey, error) {
	if err := checkMark(markPrefix); err != nil {
		return database.Survey{}, err
	}
	for _, e := range expected {
		if err := checkExpected(e); err != nil {
			return database.Survey{}, err
		}
	}
	var out database.Survey
	err := settle(func() error { // a database may be dropped while it is looked at
		f, err := s.lookAround(ctx, markPrefix, expected)
		if err != nil {
			return err
		}
		if err := s.lookInside(ctx, f, expected); err != nil {
			return err
		}
		out = database.Survey{Deviations: make([][]database.Deviation, len(expected))}
		for i, e := range expected {
			out.Deviations[i] = f.compare(e)
		}
		out.Strays = f.strays(markPrefix)
		return nil
	})
	return out, err
}

func checkExpected(e database.Expected) error {
	if err := checkLogin(e.Login); err != nil {
		return err
	}
	if err := checkOpening(e.Space); err != nil {
		return err
	}
	for _, m := range e.Members {
		if err := checkMember(m); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) lookAround(ctx context.Context, markPrefix string, expected []database.Expected) (*found, error) {
	pool, err := s.admin()
	if err != nil {
		return nil, err
	}
	f := &found{
		roles: map[string]*seenRole{}, bases: map[string]*seenBase{}, marked: map[string][]*seenRole{}, named: map[string][]*seenBase{},
		wanted: map[string]bool{},
	}
	var roles, bases []string
	for _, e := range expected {
		roles, bases = append(append(roles, e.Login.Name), groupsOf(e.Space)...), append(bases, e.Space.Name, e.Space.WorkName)
		for _, m := range e.Members {
			roles = append(roles, m.Login.Name)
		}
	}
	const what = "survey roles and databases"
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	defer conn.Release()
	readable := conn.Conn().PgConn().ParameterStatus("is_superuser") == "on"
	sql := surveyRoles
	if readable {
		sql += withVerifier
	}
	rows, err := conn.Query(ctx, sql+fromMarked, markPrefix, roles)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		r, stored := &seenRole{}, ""
		dest := append(r.dest(), &r.name, &r.in, &r.timeouts)
		if readable {
			dest = append(dest, &stored)
		}
		err := row.Scan(dest...)
		r.verifier, r.readable, r.hasPassword = secret.New(stored), readable, stored != ""
		f.roles[r.name] = r
		f.marked[r.mark] = append(f.marked[r.mark], r)
		return struct{}{}, err
	})
	if err != nil {
		return nil, s.wrap(err, what)
	}
	rows, err = conn.Query(ctx, surveyBases, markPrefix, bases)
	if err != nil {
		return nil, s.wrap(err, what)
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		b := &seenBase{}
		err := row.Scan(&b.name, &b.oid, &b.mark, &b.mine, &b.limit, &b.open, &b.public, &b.granted, &b.whole, &b.schema.outside, &b.defaults)
		f.bases[b.name] = b
		f.named[b.mark] = append(f.named[b.mark], b)
		return struct{}{}, err
	})
	return f, s.wrap(err, what)
}

func (f *found) compare(e database.Expected) []database.Deviation {
	var out []database.Deviation
	note := func(kind database.ObjectKind, name string, o engine.Observed) {
		if o.State != engine.Matches {
			out = append(out, database.Deviation{Kind: kind, Name: name, State: o.State, Detail: o.Detail})
		}
	}
	renamed, either := f.renamed(e)
	note(database.RoleObject, e.Login.Name, f.compareLogin(e.Login, e, nil, renamed))
	note(database.DatabaseObject, e.Space.Name, f.compareSpace(e))
	for _, g := range groupsOf(e.Space) {
		note(database.RoleObject, g, f.compareGroup(g, e, renamed, either))
	}
	for _, m := range e.Members {
		note(database.RoleObject, m.Login.Name, f.compareLogin(m.Login, e, &m, renamed))
	}
	return out
}

// compareLogin compares one role: the database's own login, or that of member.
func (f *found) compareLogin(l database.Login, e database.Expected, member *database.Member, renamed map[string]*seenRole) engine.Observed {
	f.wanted[l.Name] = true
	r := f.roles[l.Name]
	var in []string // the roles that it is to be in
	if member != nil {
		group, _ := entitled(*member)
		in = append(in, group)
	}
	switch {
	case r != nil && r.mark != l.Mark:
		return f.foreignRole(l.Name, renamed)
	case r == nil:
		if r := renamed[l.Name]; r != nil {
			f.wanted[r.name] = true
			return engine.Observed{State: engine.Differs, Detail: fmt.Sprintf("The role is called %s.", r.name)}
		}
		if e.Shut { // it lets nobody in, and whatever opens the database makes it
			return engine.Observed{State: engine.Matches}
		}
		return engine.Observed{State: engine.Absent, Detail: "The role does not exist."}
	}
	d := r.differences(l)
	if member != nil && l.Mark != e.Space.Mark { // the login before acts as the login, which has none
		var db uint32
		if b := f.bases[e.Space.Name]; b != nil {
			db = b.oid
		}
		d = append(d, timeoutDifference(r.timeouts, db, *member)...)
	}
	if e.Shut {
		d = nil
		if r.canLogin {
			d = append(d, "The role may log in, though nobody is to be let in.")
		}
		if r.escalated {
			d = append(d, "The role may do more than log in.")
		}
	}
	for _, other := range r.in {
		if !slices.Contains(in, other) {
			d = append(d, fmt.Sprintf("The role is a member of %s.", other))
		}
	}
	for _, group := range in {
		if !slices.Contains(r.in, group) && !e.Shut {
			d = append(d, fmt.Sprintf("The role is not a member of %s.", group))
		}
	}
	return comparison(d)
}

// foreignRole is what has one of our names and is not ours. Ours may be there
// under another one, and is no orphan then: what it is for is known.
func (f *found) foreignRole(name string, renamed map[string]*seenRole) engine.Observed {
	detail := "The server has a role of that name that is not ours."
	if r := renamed[name]; r != nil {
		f.wanted[r.name] = true
		detail += fmt.Sprintf(" Ours is called %s.", r.name)
	}
	return engine.Observed{State: engine.Foreign, Detail: detail}
}

// renamed finds roles of ours that are called otherwise, by the names that they
// are to have: by their marks, where it cannot be any other. Those names may be
// somebody else's meanwhile. Either are those that can only be groups, and which
// of them is which is told inside the database.
func (f *found) renamed(e database.Expected) (out map[string]*seenRole, either []*seenRole) {
	out = map[string]*seenRole{}
	has := func(name, mark string) bool {
		r := f.roles[name]
		return r != nil && r.mark == mark
	}
	ours := func(name string) bool { return has(name, e.Space.Mark) }
	groups := groupsOf(e.Space)
	// The database's logins, of now and before, and the groups of its users bear one mark.
	names := append([]string{e.Login.Name}, groups...)
	for _, m := range e.Members {
		switch {
		case m.Login.Mark == e.Space.Mark:
			names = append(names, m.Login.Name)
		case !has(m.Login.Name, m.Login.Mark) && len(f.marked[m.Login.Mark]) == 1:
			out[m.Login.Name] = f.marked[m.Login.Mark][0]
		}
	}
	var astray []*seenRole
	for _, r := range f.marked[e.Space.Mark] {
		if !slices.Contains(names, r.name) {
			astray = append(astray, r)
		}
	}
	if !ours(e.Login.Name) {
		for i, r := range astray {
			if r.hasPassword || len(astray) == 1 && ours(groups[0]) && ours(groups[1]) {
				out[e.Login.Name] = r
				astray = slices.Delete(astray, i, i+1)
				break
			}
		}
	}
	missing := 0
	for i, g := range groups {
		if ours(g) {
			continue
		}
		missing++
		if ours(groups[1-i]) && len(astray) == 1 {
			out[g] = astray[0]
			return out, nil
		}
	}
	if hasUsers(e) && (ours(e.Login.Name) || out[e.Login.Name] != nil) && len(astray) <= missing {
		either = astray
	}
	return out, either
}

// compareGroup compares a group, which is there once the database has a user.
func (f *found) compareGroup(name string, e database.Expected, renamed map[string]*seenRole, either []*seenRole) engine.Observed {
	f.wanted[name] = true
	r := f.roles[name]
	candidates := make([]string, len(either))
	for i, c := range either {
		f.wanted[c.name], candidates[i] = true, c.name
	}
	switch {
	case r == nil && renamed[name] != nil:
		f.wanted[renamed[name].name] = true
		return engine.Observed{State: engine.Differs, Detail: fmt.Sprintf("The group is called %s.", renamed[name].name)}
	case r == nil && (e.Shut || !hasUsers(e)): // a repair gives users their rights once they may come in
		return engine.Observed{State: engine.Matches}
	case r == nil && len(candidates) > 0:
		return engine.Observed{State: engine.Differs, Detail: fmt.Sprintf("The group does not exist, or is called %s.", strings.Join(candidates, " or "))}
	case r == nil:
		return engine.Observed{State: engine.Absent, Detail: "The group of the database's users does not exist."}
	case r.mark != e.Space.Mark:
		return f.foreignRole(name, renamed)
	}
	var d []string
	if r.canLogin || r.hasPassword || r.expires || r.limit != -1 {
		d = append(d, "The group was made to be a login.")
	}
	if r.escalated {
		d = append(d, "The group may do more than it should.")
	}
	for _, other := range r.in {
		d = append(d, fmt.Sprintf("The group is a member of %s.", other))
	}
	return comparison(d)
}

// judgesDefaults tells whether the groups are to get rights by default on what the
// login makes: where one of the three is not there it is put right by other means.
func (f *found) judgesDefaults(e database.Expected) bool {
	if e.Shut || !hasUsers(e) {
		return false
	}
	for _, name := range append(groupsOf(e.Space), e.Login.Name) {
		if r := f.roles[name]; r == nil || r.mark != e.Space.Mark {
			return false
		}
	}
	return true
}

// hasUsers tells whether somebody needs the groups: the login before acts as the
// login, whose mark it bears, and needs none.
func hasUsers(e database.Expected) bool {
	return slices.ContainsFunc(e.Members, func(m database.Member) bool { return m.Login.Mark != e.Space.Mark })
}

// compareSpace compares the database, found by its name or else by its mark.
func (f *found) compareSpace(e database.Expected) engine.Observed {
	sp := e.Space
	f.wanted[sp.Name], f.wanted[sp.WorkName] = true, true
	look := finding{space: sp}
	if b := f.bases[sp.Name]; b != nil {
		look.named = b.base
	}
	if b := f.bases[sp.WorkName]; b != nil {
		look.working = b.base
	}
	var d []string
	b, ok := look.ours()
	astray := ""
	if !ok && len(f.named[sp.Mark]) == 1 {
		b = f.named[sp.Mark][0].base
		f.wanted[b.name], ok = true, !look.named.exists()
		astray = b.name
	}
	switch {
	case !ok && look.foreign():
		o := look.absentOrForeign()
		if astray != "" {
			o.Detail += fmt.Sprintf(" Ours is called %s.", astray)
		}
		return o
	case !ok:
		return engine.Observed{State: engine.Absent, Detail: "The database does not exist; its data is gone."}
	case b.limit == invalidLimit:
		return engine.Observed{State: engine.Absent, Detail: "The database was dropped by half; its data is gone."}
	case b.name != sp.Name:
		d = append(d, fmt.Sprintf("The database is called %s.", b.name))
	}
	switch {
	case !b.mine:
		d = append(d, "The database belongs to another role.")
	case !f.bases[b.name].whole:
		d = append(d, "The panel's admin has not all rights on the database.")
	}
	if !b.open {
		d = append(d, "The database does not accept connections.")
	}
	if b.public {
		d = append(d, "Every role has rights on the database.")
	}
	if b.mark == "" {
		d = append(d, "The database does not bear its mark.")
	}
	if f.judgesDefaults(e) {
		for _, g := range groupsOf(sp) {
			if !slices.Contains(f.bases[b.name].defaults, e.Login.Name+">"+g) {
				d = append(d, fmt.Sprintf("Group %s gets no rights on what is made later.", g))
			}
		}
	}
	if o := f.bases[b.name].schema; f.judgesPublic(f.bases[b.name], e) && o.is() != "" && o.is() != e.Login.Name {
		d = append(d, fmt.Sprintf("Schema public belongs to role %s.", o.is()))
	}
	return comparison(append(d, grantDifferences(b, e)...))
}

func grantDifferences(b base, e database.Expected) (d []string) {
	limit, own := e.Space.ConnectionLimit, rights
	if e.Shut {
		limit, own = 0, nil
	}
	if b.limit != limit {
		d = append(d, fmt.Sprintf("The database's connection limit is %d instead of %d.", b.limit, limit))
	}
	have := map[string][]string{}
	for _, g := range b.granted {
		role, right, _ := strings.Cut(g, "=")
		have[role] = append(have[role], right)
	}
	mine := have[e.Login.Name]
	if e.Shut {
		if slices.Contains(mine, "CONNECT") {
			d = append(d, "The role may connect to the database, though nobody is to be let in.")
		}
	} else if !slices.Equal(mine, own) {
		d = append(d, fmt.Sprintf("The role's rights on the database are not %s.", strings.Join(own, ", ")))
	}
	delete(have, e.Login.Name)
	for _, m := range e.Members {
		_, want := entitled(m)
		beyond := slices.ContainsFunc(have[m.Login.Name], func(right string) bool { return !slices.Contains(want, right) })
		if beyond || !e.Shut && !slices.Equal(have[m.Login.Name], want) {
			d = append(d, fmt.Sprintf("The rights of role %s on the database are not %s.", m.Login.Name, strings.Join(want, ", ")))
		}
		delete(have, m.Login.Name)
	}
	strangers := make([]string, 0, len(have))
	for role := range have {
		strangers = append(strangers, role)
	}
	slices.Sort(strangers)
	for _, role := range strangers {
		d = append(d, fmt.Sprintf("Role %s has rights on the database.", role))
	}
	return d
}

// strays are what bears a mark of ours and was not compared.
func (f *found) strays(markPrefix string) (out []database.Stray) {
	for _, r := range f.roles {
		if strings.HasPrefix(r.mark, markPrefix) && !f.wanted[r.name] {
			out = append(out, database.Stray{Kind: database.RoleObject, Name: r.name, Mark: r.mark})
		}
	}
	for _, b := range f.bases {
		if strings.HasPrefix(b.mark, markPrefix) && !f.wanted[b.name] {
			out = append(out, database.Stray{
				Kind: database.DatabaseObject, Name: b.name, Mark: b.mark, Unpublished: strings.HasPrefix(b.name, workPrefix),
			})
		}
	}
	slices.SortFunc(out, func(a, b database.Stray) int { return strings.Compare(a.Name, b.Name) })
	return out
}
