package torture

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

type userResolver struct{}

func (userResolver) Posts(_ context.Context, users []*model.User, first *int, role *model.Role, f *model.PostFilter) ([][]*model.Post, error) {
	n := 0
	if first != nil {
		n = *first
	}
	if n > 90 {
		return nil, errBad
	}
	return each(users, func(u *model.User) ([]*model.Post, error) {
		if u.N%13 == 0 {
			return nil, fmt.Errorf("posts of %s", u.ID)
		}
		var list []*model.Post
		for i := range min(n, u.N%4) {
			p := post(fmt.Sprint(u.ID, "p", i))
			if role != nil {
				p.Title += string(*role)
			}
			if f != nil && f.Min != nil {
				p.Likes = *f.Min
			}
			list = append(list, p)
		}
		return list, nil
	})
}

func (userResolver) MaybePosts(_ context.Context, users []*model.User) ([][]*model.Post, error) {
	return each(users, func(u *model.User) ([]*model.Post, error) {
		switch u.N % 4 {
		case 0:
			return nil, nil
		case 1:
			return []*model.Post{}, nil
		case 2:
			return nil, errBad
		}
		return []*model.Post{post(u.ID + "m"), nil, post(u.ID + "n")}, nil
	})
}

func (userResolver) Guarded(_ context.Context, users []*model.User) ([][]*model.Post, error) {
	return each(users, func(u *model.User) ([]*model.Post, error) { return []*model.Post{post(u.ID + "g")}, nil })
}

func (userResolver) Best(_ context.Context, users []*model.User) ([]*model.Post, error) {
	return each(users, func(u *model.User) (*model.Post, error) {
		if u.N%3 == 0 {
			return nil, nil
		}
		return post(u.ID + "b"), nil
	})
}

func (userResolver) BestReq(_ context.Context, users []*model.User) ([]*model.Post, error) {
	return each(users, func(u *model.User) (*model.Post, error) {
		switch u.N % 5 {
		case 0:
			return nil, nil
		case 1:
			return nil, errBad
		case 2:
			return nil, &gqlerror.Error{Message: "of its own", Extensions: map[string]any{"code": "OWN"}}
		}
		return post(u.ID + "b"), nil
	})
}

func (userResolver) Friends(_ context.Context, u *model.User) ([]*model.User, error) {
	if u.N%6 == 0 {
		return nil, errBad
	}
	list := []*model.User{user(u.ID + "f"), user(u.ID + "g")}
	if u.N%5 == 0 {
		list = append(list, nil)
	}
	return list, nil
}

func (userResolver) Slow(_ context.Context, u *model.User) (*int, error) {
	switch u.N % 4 {
	case 0:
		panic("slow " + u.ID)
	case 1:
		return nil, nil
	case 2:
		return nil, errBad
	}
	return new(u.N), nil
}

func (userResolver) SlowReq(_ context.Context, users []*model.User) ([]int, error) {
	return each(users, func(u *model.User) (int, error) {
		if u.N%5 == 0 {
			return 0, errBad
		}
		return u.N, nil
	})
}

// Short gives too few results.
func (userResolver) Short(_ context.Context, users []*model.User) ([]*int, error) {
	return make([]*int, len(users)-1), nil
}

// Miscounted gives too few errors.
func (userResolver) Miscounted(_ context.Context, users []*model.User) ([]*int, error) {
	return make([]*int, len(users)), graphql.BatchErrorList{}
}

// Twice fails for all with one list of errors.
func (userResolver) Twice(context.Context, []*model.User) ([][]int, error) {
	return nil, gqlerror.List{{Message: "first"}, {Message: "second"}}
}

func (userResolver) Boss(_ context.Context, u *model.User) (model.Named, error) {
	switch u.N % 4 {
	case 0:
		return nil, nil
	case 1:
		return post(u.ID), nil
	case 2:
		return nil, errBad
	}
	return user(u.ID + "boss"), nil
}

func (userResolver) Feed(_ context.Context, users []*model.User) ([][]model.Search, error) {
	return each(users, func(u *model.User) ([]model.Search, error) {
		list := found(u.ID, u.N%4)
		if u.N%9 == 0 {
			list = append(list, nil)
		}
		return list, nil
	})
}

func (userResolver) Nodes(_ context.Context, u *model.User) ([]model.Node, error) {
	if u.N%5 == 0 {
		return nil, nil
	}
	return []model.Node{post(u.ID + "1"), (*model.User)(nil), post(u.ID + "3"), nil}, nil
}

// Odd gives what is of no known type.
func (userResolver) Odd(_ context.Context, u *model.User) (model.Node, error) {
	return []model.Node{model.Stranger{}, post(u.ID), user(u.ID), nil}[u.N%4], nil
}

// Odds does so in lists.
func (userResolver) Odds(_ context.Context, users []*model.User) ([][]model.Node, error) {
	return each(users, func(u *model.User) ([]model.Node, error) {
		return []model.Node{post(u.ID), []model.Node{model.Stranger{}, user(u.ID), post(u.ID + "x")}[u.N%3]}, nil
	})
}

// Raw gives what writes itself.
func (userResolver) Raw(_ context.Context, u *model.User) (model.Node, error) {
	return []model.Node{model.Raw{}, user(u.ID)}[u.N%2], nil
}

// Raws does so in lists.
func (userResolver) Raws(_ context.Context, users []*model.User) ([][]model.Node, error) {
	return each(users, func(u *model.User) ([]model.Node, error) {
		return []model.Node{post(u.ID), []model.Node{model.Raw{}, post(u.ID + "x")}[u.N%2]}, nil
	})
}

// Sealed gives scalars that fail while they are written.
func (userResolver) Sealed(_ context.Context, users []*model.User) ([]*model.Checked, error) {
	return each(users, func(u *model.User) (*model.Checked, error) {
		switch u.N % 4 {
		case 0:
			return nil, nil
		case 1:
			return nil, errBad
		}
		return new(model.Checked([]string{"fine", "bad"}[u.N%2])), nil
	})
}

// Crash panics for all.
func (userResolver) Crash(context.Context, []*model.User) ([]*int, error) { panic("crash") }

// Grid is a list of lists of objects.
func (userResolver) Grid(_ context.Context, u *model.User) ([][]*model.Address, error) {
	return [][]*model.Address{{&u.AddressReq}, nil, {}}, nil
}

type postResolver struct{}

func (postResolver) Author(_ context.Context, posts []*model.Post) ([]*model.User, error) {
	return each(posts, func(p *model.Post) (*model.User, error) {
		switch p.N % 8 {
		case 0:
			return nil, fmt.Errorf("author of %s", p.ID)
		case 1:
			return nil, nil
		}
		return user(fmt.Sprint("a", p.N%20)), nil
	})
}

func (postResolver) Related(_ context.Context, posts []*model.Post, n int) ([][]*model.Post, error) {
	return each(posts, func(p *model.Post) ([]*model.Post, error) {
		if p.N%4 == 0 {
			return nil, nil
		}
		var list []*model.Post
		for i := range n {
			list = append(list, post(fmt.Sprint(p.ID, "r", i)))
		}
		return list, nil
	})
}

func (postResolver) Comments(_ context.Context, p *model.Post) ([]*model.Comment, error) {
	if p.N%5 == 0 {
		return nil, errBad
	}
	return []*model.Comment{{ID: p.ID + "c", Text: "x<y>&", OK: true, N: p.N}, {ID: p.ID + "d", N: p.N + 1}}, nil
}

type commentResolver struct{}

func (commentResolver) Author(_ context.Context, comments []*model.Comment) ([]*model.User, error) {
	return each(comments, func(c *model.Comment) (*model.User, error) {
		if c.N%3 == 0 {
			return nil, errBad
		}
		return user(c.ID), nil
	})
}
