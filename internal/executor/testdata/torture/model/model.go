// Package model has the Go types of the torture schema: values and pointers,
// fields and methods, scalars of every kind.
package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Node is what has an id.
type Node interface{ IsNode() }

// Named is what has a name.
type Named interface {
	Node
	IsNamed()
}

// Authored is what somebody wrote.
type Authored interface{ IsAuthored() }

// Thing is like a Node that is Authored, and unrelated to both.
type Thing interface{ IsThing() }

// Search is what a search finds.
type Search interface{ IsSearch() }

// Role is an enum.
type Role string

// The roles.
const (
	RoleUser  Role = "USER"
	RoleAdmin Role = "ADMIN"
	RoleRoot  Role = "ROOT"
)

// UnmarshalGQL reads a role.
func (r *Role) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return errors.New("a role is a string")
	}
	*r = Role(s)
	return nil
}

// MarshalGQL writes a role.
func (r Role) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(string(r))) }

// BigInt is a scalar that writes itself.
type BigInt int64

// UnmarshalGQL reads a number.
func (b *BigInt) UnmarshalGQL(v any) error {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	*b = BigInt(n)
	return err
}

// MarshalGQL writes a number in quotes.
func (b BigInt) MarshalGQL(w io.Writer) { _, _ = fmt.Fprintf(w, `"%d"`, int64(b)) }

// Checked is a scalar that looks at the context and may fail while it is written.
type Checked string

// UnmarshalGQLContext reads a string.
func (c *Checked) UnmarshalGQLContext(_ context.Context, v any) error {
	*c = Checked(fmt.Sprint(v))
	return nil
}

// MarshalGQLContext writes a string, if it is a good one.
func (c Checked) MarshalGQLContext(_ context.Context, w io.Writer) error {
	if strings.HasPrefix(string(c), "bad") {
		return errors.New("not a good string")
	}
	b, err := json.Marshal(string(c))
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// User is bound by pointer and by value, has fields and methods.
type User struct {
	ID         string
	N          int
	Name       *string
	Role       Role
	Roles      []Role
	Tags       []string
	Scores     []*float64
	Matrix     [][]int
	Age        *int
	Big        BigInt
	Bigp       *BigInt
	Meta       any
	Checked    *Checked
	CreatedAt  time.Time
	DeletedAt  *time.Time
	Secret     *string
	Hidden     string
	Loud       *string
	Louder     string
	Address    *Address
	AddressReq Address
	Addrs      []Address
	Ratio      float64
	Ratios     []float64
	Num        int
	Size       uint
	Vault      *Address
	Vaults     []*Address
	Kin        Named
	Pets       []Search
	Marks      []*int // nil where the schema has none
	*Extra
}

// Extra is embedded, and not always there.
type Extra struct {
	Nick *string
	Pet  *Address
}

// Greeting is a method with an argument.
func (u *User) Greeting(x string) string { return x + " " + u.ID }

// MethodErr is a method that may fail.
func (u *User) MethodErr(context.Context) (*string, error) {
	if u.N%3 == 0 {
		return nil, fmt.Errorf("method of %s", u.ID)
	}
	return u.Name, nil
}

// MethodFail is a method that may fail and takes no context.
func (u *User) MethodFail() (*string, error) {
	if u.N%3 == 1 {
		return nil, fmt.Errorf("method of %s", u.ID)
	}
	return u.Name, nil
}

// MethodPanic is a method that may panic.
func (u *User) MethodPanic() *string {
	if u.N%3 == 0 {
		panic("method of " + u.ID)
	}
	return u.Name
}

// Motto is a method under a directive.
func (u *User) Motto() string {
	if u.N%9 == 0 {
		panic("motto of " + u.ID)
	}
	return "motto"
}

// Court is a method that gives an object, under a directive.
func (u *User) Court() (*Address, error) {
	if u.N%4 == 0 {
		return nil, fmt.Errorf("court of %s", u.ID)
	}
	return &u.AddressReq, nil
}

// Home is a method that gives an object and may panic.
func (u *User) Home() *Address {
	if u.N%5 == 0 {
		panic("home of " + u.ID)
	}
	return u.Address
}

// Address is mostly used by value.
type Address struct {
	Street  string
	City    *string
	Zip     *int // though the schema says that there is one
	Country *Country
}

// Country is below an address.
type Country struct {
	Code   string
	Cities []*string
}

// Post is bound by pointer.
type Post struct {
	ID      string
	N       int
	Name    *string
	Title   string
	Likes   int
	AuthReq string
}

// Comment is bound by value.
type Comment struct {
	ID   string
	N    int
	Text string
	OK   bool
}

// Tag is in the union alone.
type Tag struct {
	Label  string
	Weight float64
}

// Stranger is a Node that no type is bound to.
type Stranger struct{}

// Raw is a Node that writes itself.
type Raw struct{}

// MarshalGQL writes an object.
func (Raw) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, `{"raw":true}`) }

func (User) IsNode()        {}
func (User) IsNamed()       {}
func (User) IsSearch()      {}
func (Post) IsNode()        {}
func (Post) IsNamed()       {}
func (Post) IsSearch()      {}
func (Comment) IsNode()     {}
func (Post) IsAuthored()    {}
func (Post) IsThing()       {}
func (Comment) IsAuthored() {}
func (Comment) IsThing()    {}
func (*Tag) IsSearch()      {}
func (Stranger) IsNode()    {}
func (Raw) IsNode()         {}

// PostFilter is an input.
type PostFilter struct {
	Title *string
	Min   *int
	Roles []Role
}
