package pgprov

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// Members get their rights through roles: two groups that cannot log in, and the
// database's own login for those who may do what it does. Each role that may
// come to make something has default privileges for the groups, so that what is
// made later, in a schema made later too, is theirs without any further doing.
//
// pg_read_all_data would be simpler and is out of the question: it reads
// pg_authid, where all tenants' verifiers are.

// readers and writers are the groups of a database.
func readers(sp database.Space) string { return sp.WorkName + "_ro" }
func writers(sp database.Space) string { return sp.WorkName + "_rw" }

func groupsOf(sp database.Space) []string { return []string{readers(sp), writers(sp)} }

// entitled is the role that has the rights, and what a member needs beside it.
func entitled(m database.Member) (group string, onDatabase []string) {
	switch m.Rights {
	case database.Owner:
		return m.Space.Login, []string{"CONNECT"} // the rest comes with the role
	case database.ReadWrite:
		return writers(m.Space), []string{"CONNECT", "TEMPORARY"}
	case database.ReadOnly:
	}
	return readers(m.Space), []string{"CONNECT"}
}

func checkMember(m database.Member) error {
	if err := checkLogin(m.Login); err != nil {
		return err
	}
	if err := checkOpening(m.Space); err != nil {
		return err
	}
	switch {
	case m.Login.Name == m.Space.Login:
		return fault.Invalid.Permanent("name", "The database's own login cannot be a further user of it.")
	case !slices.Contains([]database.Rights{database.ReadOnly, database.ReadWrite, database.Owner}, m.Rights):
		return fault.Invalid.Permanent("rights", "There are no such rights.")
	case m.StatementTimeoutSeconds < 0 || m.StatementTimeoutSeconds > math.MaxInt32/1000:
		return fault.Invalid.Permanent("statementTimeoutSeconds", "The statement timeout is out of range.")
	}
	return nil
}

// A standing is what a server knows about a member.
type standing struct {
	oid      uint32 // 0: there is no such role
	mark     string
	canLogin bool
	groups   []string // of the three that there are, those it is directly in
	granted  []string // on the database
	timeouts []string // of statements: database's oid, 0 for all, a space, and the value as it was set
	noGroup  []string // the groups that do not exist
	defaults bool     // what the database's login makes will be both groups', too
	strange  bool     // something that is not ours has a group's name
}

// timeoutSettings are the roles' default timeouts of statements; timeout is one as
// standing has it.
const (
	timeout         = `c.setdatabase || ' ' || substr(s.v, length('statement_timeout=') + 1)`
	timeoutSettings = `pg_db_role_setting c JOIN LATERAL unnest(c.setconfig) s(v) ON s.v LIKE 'statement\_timeout=%'`
)

// hasDefaults tells from outside the database whether its login has default
// privileges for both groups. A role that was dropped by hand and made anew has none.
const hasDefaults = `(SELECT count(DISTINCT a.refobjid) = 2 FROM pg_shdepend o JOIN pg_shdepend a USING (dbid, classid, objid)
        WHERE o.dbid = $2 AND o.classid = 'pg_default_acl'::regclass AND o.refclassid = 'pg_authid'::regclass AND o.deptype = 'o'
          AND o.refobjid = (SELECT l.oid FROM pg_roles l WHERE l.rolname = $4)
          AND a.refclassid = 'pg_authid'::regclass AND a.deptype = 'a' AND a.refobjid IN (SELECT g.oid FROM pg_roles g WHERE g.rolname = ANY ($3)))`

const lookAtMember = `
SELECT r.oid, coalesce(shobj_description(r.oid, 'pg_authid'), ''), r.rolcanlogin,
       ARRAY(SELECT DISTINCT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
             WHERE m.member = r.oid AND g.rolname = ANY ($3::text[] || $4::text) ORDER BY 1),
       ARRAY(SELECT DISTINCT a.privilege_type FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
             WHERE d.oid = $2 AND a.grantee = r.oid ORDER BY 1),
       ARRAY(SELECT ` + timeout + ` FROM ` + timeoutSettings + ` WHERE c.setrole = r.oid),
       ARRAY(SELECT n.name FROM unnest($3::text[]) n(name) WHERE NOT EXISTS (SELECT FROM pg_roles g WHERE g.rolname = n.name)),
       EXISTS (SELECT FROM pg_roles g WHERE g.rolname = ANY ($3) AND shobj_description(g.oid, 'pg_authid') IS DISTINCT FROM $5),
       ` + hasDefaults + `
FROM pg_roles r WHERE r.rolname = $1`

func (s *server) lookMember(ctx context.Context, m database.Member, db uint32) (standing, error) {
	var st standing
	err := s.queryRow(ctx, "look at member "+m.Login.Name, lookAtMember,
		[]any{m.Login.Name, db, groupsOf(m.Space), m.Space.Login, m.Space.Mark},
		&st.oid, &st.mark, &st.canLogin, &st.groups, &st.granted, &st.timeouts, &st.noGroup, &st.strange, &st.defaults)
	if errors.Is(err, pgx.ErrNoRows) {
		return standing{}, nil
	}
	return st, err
}

func (st standing) nothing() bool { return len(st.groups)+len(st.granted) == 0 }

// entitledAs tells whether the role has the rights of m and no others, on what is
// made later, too.
func (st standing) entitledAs(m database.Member) bool {
	group, onDatabase := entitled(m)
	return slices.Equal(st.groups, []string{group}) && slices.Equal(st.granted, onDatabase) && st.defaults
}

func timeoutOf(m database.Member) string {
	if m.StatementTimeoutSeconds == 0 {
		return ""
	}
	return strconv.Itoa(m.StatementTimeoutSeconds * 1000)
}

// timeoutDifference regards the role's default in the database db too, which
// comes before its default everywhere.
func timeoutDifference(timeouts []string, db uint32, m database.Member) []string {
	var everywhere string
	inside := timeoutOf(m)
	for _, t := range timeouts {
		switch of, value, _ := strings.Cut(t, " "); of {
		case "0":
			everywhere = value
		case strconv.FormatUint(uint64(db), 10):
			inside = value
		}
	}
	if everywhere == timeoutOf(m) && inside == timeoutOf(m) {
		return nil
	}
	return []string{fmt.Sprintf("The role's statement timeout is not %d s.", m.StatementTimeoutSeconds)}
}

// ObserveRights looks at roles and at the database from outside. What the
// database's login grants or takes on its own objects is its own business.
func (s *server) ObserveRights(ctx context.Context, m database.Member) (engine.Observed, error) {
	if err := checkMember(m); err != nil {
		return engine.Observed{}, err
	}
	f, err := s.lookSpace(ctx, m.Space)
	if err != nil {
		return engine.Observed{}, err
	}
	b, ok := f.ours()
	if !ok {
		return f.absentOrForeign(), nil
	}
	st, err := s.lookMember(ctx, m, b.oid)
	switch {
	case err != nil:
		return engine.Observed{}, err
	case st.oid == 0:
		return engine.Observed{State: engine.Absent}, nil
	case st.mark != m.Login.Mark:
		return engine.Observed{State: engine.Foreign, Detail: "The server has a role of that name that is not ours."}, nil
	case st.strange:
		return engine.Observed{State: engine.Foreign, Detail: "The server has a group role of this database's that is not ours."}, nil
	case st.nothing():
		return engine.Observed{State: engine.Absent}, nil
	}
	var d []string
	if !st.entitledAs(m) {
		d = append(d, fmt.Sprintf("The role's rights are not %s.", m.Rights))
	}
	d = append(d, timeoutDifference(st.timeouts, b.oid, m)...)
	if !st.canLogin {
		d = append(d, "The role may not log in.")
	}
	if b.limit > m.Space.ConnectionLimit {
		d = append(d, "The database lets more connections in than it should.")
	}
	return comparison(d), nil
}

// GrantRights makes the rights those of m, all at once. A role that had others
// cannot log in meanwhile: a session may still act as the role that it was given
// when it began.
func (s *server) GrantRights(ctx context.Context, m database.Member) error {
	if err := checkMember(m); err != nil {
		return err
	}
	return settle(func() (err error) {
		f, b, st, err := s.lookForGrant(ctx, m)
		if err != nil {
			return err
		}
		if st.entitledAs(m) && st.canLogin {
			return s.change(ctx, append(restored(b, m.Space), timeoutStmts(m, b.name)...)...)
		}
		if !st.nothing() {
			if err := s.disable(ctx, m.Login, role{oid: st.oid, canLogin: st.canLogin}); err != nil {
				return err
			}
			if err := engine.Point(ctx, "disabled"); err != nil {
				return err
			}
			defer func() { // what is refused leaves the role as it was
				if st.canLogin && fault.CodeOf(err) == fault.Conflict {
					err = errors.Join(err, s.change(ctx, stmt{"enable role " + m.Login.Name, "ALTER ROLE " + ident(m.Login.Name) + " LOGIN"}))
				}
			}()
		}
		left, err := s.regroup(ctx, f, b, st.noGroup)
		if err != nil {
			return err
		}
		if len(left) < len(st.noGroup) { // whoever is in them is so by other names
			if f, b, st, err = s.lookForGrant(ctx, m); err != nil {
				return err
			}
		}
		if err := s.makeGroups(ctx, m.Space, st.noGroup); err != nil {
			return err
		}
		if err := engine.Point(ctx, "groups"); err != nil {
			return err
		}
		if err := s.joinFor(ctx, f, m.Space.Login, m.Login.Name); err != nil {
			return err
		}
		err = s.enter(ctx, f, b, func(conn *pgx.Conn) error {
			existing, err := s.lookObjects(ctx, conn, m)
			if err != nil {
				return err
			}
			return s.handOver(ctx, conn, "granting", m.Login.Name, ident(m.Space.Login), grantStmts(m, b.name, st, existing)...)
		})
		if err != nil {
			return err
		}
		return engine.Point(ctx, "granted")
	})
}

// lookForGrant finds what GrantRights needs to be there.
func (s *server) lookForGrant(ctx context.Context, m database.Member) (finding, base, standing, error) {
	f, err := s.lookSpace(ctx, m.Space)
	if err != nil {
		return f, base{}, standing{}, err
	}
	b, ok := f.ours()
	switch {
	case !ok && f.foreign():
		return f, b, standing{}, spaceTaken()
	case !ok || b.limit == invalidLimit:
		return f, b, standing{}, fmt.Errorf("grant rights to %s: database %s does not exist", m.Login.Name, m.Space.Name)
	case f.loginMark == nil:
		return f, b, standing{}, fmt.Errorf("grant rights to %s: role %s does not exist", m.Login.Name, m.Space.Login)
	case *f.loginMark != m.Space.Mark:
		return f, b, standing{}, roleTaken()
	}
	st, err := s.lookMember(ctx, m, b.oid)
	switch {
	case err != nil:
		return f, b, st, err
	case st.oid == 0:
		return f, b, st, fmt.Errorf("grant rights to %s: the role does not exist", m.Login.Name)
	case st.mark != m.Login.Mark || st.strange:
		return f, b, st, roleTaken()
	}
	return f, b, st, nil
}

// RevokeRights takes everything back. A missing or foreign role is left alone,
// and without the database there is nothing to take.
func (s *server) RevokeRights(ctx context.Context, m database.Member) error {
	if err := checkMember(m); err != nil {
		return err
	}
	return settle(func() error {
		f, err := s.lookSpace(ctx, m.Space)
		if err != nil {
			return err
		}
		b, ok := f.ours()
		if !ok || b.limit == invalidLimit {
			return nil
		}
		st, err := s.lookMember(ctx, m, b.oid)
		if err != nil || st.oid == 0 || st.mark != m.Login.Mark {
			return err
		}
		if err := s.disable(ctx, m.Login, role{oid: st.oid, canLogin: st.canLogin}); err != nil {
			return err
		}
		if err := engine.Point(ctx, "disabled"); err != nil {
			return err
		}
		heir := "CURRENT_USER" // when the database's own login was dropped by hand
		if f.loginMark != nil && *f.loginMark == m.Space.Mark {
			heir = ident(m.Space.Login)
			if err := s.joinFor(ctx, f, m.Space.Login, m.Login.Name); err != nil {
				return err
			}
		} else if err := s.joinFor(ctx, f, m.Login.Name); err != nil {
			return err
		}
		err = s.enter(ctx, f, b, func(conn *pgx.Conn) error {
			return s.handOver(ctx, conn, "revoking", m.Login.Name, heir, leave(m.Login.Name, st.groups, "")...)
		})
		if err != nil {
			return err
		}
		return engine.Point(ctx, "revoked")
	})
}

// joinFor makes an admin that is not a superuser a member of roles: it can only
// give and take what is theirs then.
func (s *server) joinFor(ctx context.Context, f finding, roles ...string) error {
	if f.superuser {
		return nil
	}
	stmts := make([]stmt, len(roles))
	for i, name := range roles {
		stmts[i] = becomeMember(name, f.version)
	}
	return s.change(ctx, stmts...)
}

// enter gives do a connection into the database. Its limit holds an admin that is
// not a superuser too; when all connections are taken there is room for the
// panel for a moment.
func (s *server) enter(ctx context.Context, f finding, b base, do func(conn *pgx.Conn) error) error {
	if err := s.change(ctx, restored(b, f.space)...); err != nil {
		return err
	}
	err := s.inside(ctx, b.name, do)
	if !fullDatabase(err) || f.superuser {
		return err
	}
	if err := s.change(ctx, limitConnections(b.name, f.space.ConnectionLimit+maxConns)); err != nil {
		return err
	}
	err = s.inside(ctx, b.name, do)
	return errors.Join(err, s.change(context.WithoutCancel(ctx), limitConnections(b.name, f.space.ConnectionLimit)))
}

// restored puts back the limit that an earlier run of enter raised and could not
// put back itself.
func restored(b base, sp database.Space) []stmt {
	if b.limit <= sp.ConnectionLimit {
		return nil
	}
	return []stmt{limitConnections(b.name, sp.ConnectionLimit)}
}

func timeoutStmts(m database.Member, db string) []stmt {
	set := " RESET statement_timeout"
	if t := timeoutOf(m); t != "" {
		set = " SET statement_timeout = " + t
	}
	return []stmt{
		{"set statement timeout of role " + m.Login.Name, "ALTER ROLE " + ident(m.Login.Name) + set},
		{"leave no other timeout to role " + m.Login.Name, "ALTER ROLE " + ident(m.Login.Name) + " IN DATABASE " + ident(db) + " RESET statement_timeout"},
	}
}

func leave(name string, groups []string, but string) []stmt {
	var out []stmt
	for _, g := range groups {
		if g != but {
			out = append(out, stmt{"take role " + name + " out of " + g, "REVOKE " + ident(g) + " FROM " + ident(name)})
		}
	}
	return out
}

// grantStmts give a member what it is to have, in the transaction in which what it
// had was taken from it.
func grantStmts(m database.Member, db string, st standing, existing objects) []stmt {
	name, main := m.Login.Name, ident(m.Space.Login)
	group, onDatabase := entitled(m)
	out := leave(name, st.groups, group)
	if !slices.Contains(st.groups, group) {
		out = append(out, stmt{"put role " + name + " into " + group, "GRANT " + ident(group) + " TO " + ident(name)})
	}
	out = append(out, stmt{"grant rights on database " + db,
		"GRANT " + strings.Join(onDatabase, ", ") + " ON DATABASE " + ident(db) + " TO " + ident(name)})

	// Both may come to make something: the login always, the member if it is an
	// owner or the login lets it.
	for _, maker := range []string{m.Space.Login, name} {
		out = append(out, defaults(maker, grantsToGroups(m.Space))...)
	}
	out = append(out, defaults(name, []grant{
		{"ALL", "SCHEMAS", main}, {"ALL", "TABLES", main}, {"ALL", "SEQUENCES", main}, {"ALL", "FUNCTIONS", main}, {"ALL", "TYPES", main},
	})...)
	out = append(out, existing.grants(m.Space)...)

	// An owner works as the login by default, so that both own what either makes.
	// It may choose otherwise; then the login has all rights but those of an owner.
	acts := " RESET role"
	if m.Rights == database.Owner {
		acts = " SET role = " + main
	}
	out = append(out, stmt{"choose whom role " + name + " acts as", "ALTER ROLE " + ident(name) + " IN DATABASE " + ident(db) + acts})
	return append(append(out, timeoutStmts(m, db)...),
		stmt{"enable role " + name, "ALTER ROLE " + ident(name) + " LOGIN"})
}
