package torture

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// number is a number from what is given, always the same.
func number(parts ...any) int {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, parts...)
	return int(h.Sum32() >> 3)
}

func user(id string) *model.User {
	n := number("u", id)
	u := &model.User{
		ID: id, N: n, Role: []model.Role{model.RoleUser, model.RoleAdmin, model.RoleRoot}[n%3],
		Tags: []string{"a\"b", "c\td", "é\u2028\x01<&>"}[:n%4%3], Big: model.BigInt(n) << 20, Hidden: "h",
		AddressReq: model.Address{Street: "S" + id}, Loud: new("loud" + id), Louder: "louder",
	}
	u.Ratio, u.Ratios, u.Num, u.Size = float64(n)/7, []float64{1, 2.5e-9}, -n, uint(n)
	if n%10 == 0 {
		u.Ratio, u.Ratios = math.NaN(), []float64{math.Inf(1), 3, math.NaN()}
	}
	u.Vault, u.Vaults = u.Address, []*model.Address{u.Address, {Street: "V", Zip: new(n % 3)}}
	switch n % 5 {
	case 1:
		u.Kin = post(id + "kin")
	case 2:
		u.Kin, u.Pets = model.User{ID: id + "kin"}, found(id, 3)
	case 3:
		u.Kin, u.Pets = (*model.User)(nil), []model.Search{&model.Tag{Label: "pet"}, nil}
	case 4:
		u.Pets = []model.Search{}
	}
	if n%3 != 1 {
		u.Extra = &model.Extra{Nick: new("nick"), Pet: u.Address}
	}
	if n%2 == 0 {
		u.Name, u.Age = new("N\n\\"+id), new(n%90)
		u.Roles = []model.Role{model.RoleUser, model.RoleRoot}
		u.Scores = []*float64{new(1.5), nil, new(1e21), new(123456789.0), new(0.00001)}
		u.Bigp, u.Secret = new(model.BigInt(7)), new("s")
		u.Matrix = [][]int{{1, 2}, nil, {}}
	}
	if n%3 > 0 {
		u.Meta = map[string]any{"k": []any{1, "x", nil}}
		u.CreatedAt = time.Unix(int64(n), int64(n)).UTC()
		u.DeletedAt = new(time.Unix(5, 0).UTC())
		u.Address = &model.Address{Street: "A", Zip: new(n % 99999), City: new("C"), Country: &model.Country{Code: "DE", Cities: []*string{new("x"), nil}}}
		u.Checked = new(model.Checked([]string{"fine", "bad"}[n%2]))
	}
	if n%7 == 0 {
		u.DeletedAt, u.Loud = new(time.Time{}), nil
	}
	if n%4 > 0 {
		u.AddressReq.Zip = new(n % 1000)
		u.Addrs = []model.Address{u.AddressReq, {Street: "B", Zip: new(1)}}
	}
	switch n % 8 {
	case 0:
	case 1:
		u.Marks = []*int{new(1), nil, nil}
	default:
		u.Marks = []*int{new(n), new(-1)}
	}
	if n%11 == 0 {
		u.Addrs = append(u.Addrs, model.Address{})
	}
	return u
}

func post(id string) *model.Post {
	n := number("p", id)
	p := &model.Post{ID: id, N: n, Title: "T" + id, Likes: n % 100, AuthReq: "ok"}
	if n%2 == 0 {
		p.Name = new("post")
	}
	return p
}

func node(id string) model.Node {
	switch number("n", id) % 5 {
	case 0:
		return user(id)
	case 1:
		return post(id)
	case 2:
		return model.Comment{ID: id, Text: "c", OK: true, N: number("c", id)}
	case 3:
		return *user(id)
	}
	return nil
}

func found(q string, n int) []model.Search {
	list := []model.Search{}
	for i := range n {
		id := fmt.Sprint(q, i)
		switch number(id) % 3 {
		case 0:
			list = append(list, user(id))
		case 1:
			list = append(list, post(id))
		default:
			list = append(list, &model.Tag{Label: id, Weight: float64(number(id)) / 7})
		}
	}
	return list
}
