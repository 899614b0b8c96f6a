package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/mpanel/mpanel/internal/ident"
)

// What keyed reads are given: lists of some hundred elements, which the driver would
// look at one by one.
type (
	uuids  []uuid.UUID // uuid[]
	int4s  []int32     // int4[]
	header struct{ element, size, n int }
)

// arrayOf is a list of ids as PostgreSQL's uuid[].
func arrayOf[K comparable](keys []K) uuids {
	list := make(uuids, len(keys))
	switch known := any(keys).(type) {
	case []uuid.UUID:
		copy(list, known)
	case []ident.CustomerID: // the most frequent ones
		for i, k := range known {
			list[i] = k.UUID
		}
	default:
		for i, k := range keys {
			list[i] = bare(k)
		}
	}
	return list
}

func bare(key any) uuid.UUID {
	switch k := key.(type) {
	case uuid.UUID:
		return k
	case interface{ Bare() uuid.UUID }:
		return k.Bare()
	}
	panic(fmt.Sprintf("store: %T is no id", key)) // a mistake of a package variable
}

// learnArrays teaches a connection to send them.
func learnArrays(_ context.Context, conn *pgx.Conn) error {
	m := conn.TypeMap()
	for _, oid := range []uint32{pgtype.UUIDArrayOID, pgtype.Int4ArrayOID} {
		known, ok := m.TypeForOID(oid)
		if !ok {
			return fmt.Errorf("the driver does not know the type %d", oid)
		}
		m.RegisterType(&pgtype.Type{Name: known.Name, OID: oid, Codec: arrayCodec{known.Codec}})
	}
	return nil
}

type arrayCodec struct{ pgtype.Codec }

// PlanEncode implements pgtype.Codec.
func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case uuids, int4s:
			return arrayPlan{}
		}
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

type arrayPlan struct{}

// Encode implements pgtype.EncodePlan.
func (arrayPlan) Encode(value any, buf []byte) ([]byte, error) {
	switch list := value.(type) {
	case uuids:
		buf = header{pgtype.UUIDOID, 16, len(list)}.append(buf)
		for i := range list {
			buf = append(binary.BigEndian.AppendUint32(buf, 16), list[i][:]...)
		}
	case int4s:
		buf = header{pgtype.Int4OID, 4, len(list)}.append(buf)
		for _, n := range list {
			buf = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(buf, 4), uint32(n)) //nolint:gosec // two's complement
		}
	default:
		return nil, fmt.Errorf("%T is no list that is sent as it is", value)
	}
	return buf, nil
}

// append writes what comes before the elements of an array: dimensions, whether there
// are NULLs, the elements' type; then how many there are and the lowest index.
func (h header) append(buf []byte) []byte {
	dimensions := uint32(1)
	if h.n == 0 {
		dimensions = 0
	}
	if free := cap(buf) - len(buf); free < 20+h.n*(4+h.size) {
		buf = append(make([]byte, 0, len(buf)+20+h.n*(4+h.size)+256), buf...)
	}
	for _, v := range []uint32{dimensions, 0, uint32(h.element)} { //nolint:gosec // a constant
		buf = binary.BigEndian.AppendUint32(buf, v)
	}
	if h.n == 0 {
		return buf
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(buf, uint32(h.n)), 1) //nolint:gosec // bounded by what a page has
}
