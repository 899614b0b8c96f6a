package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// A value is one column of one row as PostgreSQL sent it. Its bytes are only
// there until the next row is read.
type value struct {
	raw   []byte // nil for NULL
	field *pgconn.FieldDescription
	last  *string // the column's text in the row before: states and kinds come again and again
}

func (v value) binary() bool { return v.field.Format == pgx.BinaryFormatCode }

// refuse is the error of a value that does not fit the model's field.
func (v value) refuse(what string) error {
	return fmt.Errorf("column %s: type %d in format %d is no %s", v.field.Name, v.field.DataTypeOID, v.field.Format, what)
}

func (v value) text(to *string) error {
	if v.binary() {
		switch v.field.DataTypeOID {
		case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID:
		default:
			return v.refuse("text")
		}
	}
	if *v.last != string(v.raw) {
		*v.last = string(v.raw)
	}
	*to = *v.last
	return nil
}

func (v value) bytes(to *[]byte) error {
	if v.raw == nil {
		return nil
	}
	if v.field.DataTypeOID != pgtype.ByteaOID || !v.binary() {
		return v.refuse("bytea")
	}
	*to = append([]byte{}, v.raw...)
	return nil
}

func (v value) uuid(to *uuid.UUID) error {
	switch {
	case v.raw == nil:
	case v.field.DataTypeOID == pgtype.UUIDOID && v.binary() && len(v.raw) == len(to):
		copy(to[:], v.raw)
	default:
		return v.refuse("uuid")
	}
	return nil
}

func (v value) bool(to *bool) error {
	switch {
	case v.raw == nil:
	case v.field.DataTypeOID == pgtype.BoolOID && v.binary() && len(v.raw) == 1:
		*to = v.raw[0] == 1
	default:
		return v.refuse("boolean")
	}
	return nil
}

func (v value) int(to *int64) error {
	switch oid := v.field.DataTypeOID; {
	case v.raw == nil:
	case !v.binary():
		return v.refuse("integer")
	case oid == pgtype.Int8OID && len(v.raw) == 8:
		*to = int64(binary.BigEndian.Uint64(v.raw)) // #nosec G115 -- two's complement
	case oid == pgtype.Int4OID && len(v.raw) == 4:
		*to = int64(int32(binary.BigEndian.Uint32(v.raw))) // #nosec G115 -- two's complement
	case oid == pgtype.Int2OID && len(v.raw) == 2:
		*to = int64(int16(binary.BigEndian.Uint16(v.raw))) // #nosec G115 -- two's complement
	default:
		return v.refuse("integer")
	}
	return nil
}

func (v value) float(to *float64) error {
	switch oid := v.field.DataTypeOID; {
	case v.raw == nil:
	case oid == pgtype.Float8OID && v.binary() && len(v.raw) == 8:
		*to = math.Float64frombits(binary.BigEndian.Uint64(v.raw))
	case oid == pgtype.Float4OID && v.binary() && len(v.raw) == 4:
		*to = float64(math.Float32frombits(binary.BigEndian.Uint32(v.raw)))
	default:
		return v.refuse("float")
	}
	return nil
}

// epoch is PostgreSQL's, in microseconds of Unix.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func (v value) time(to *time.Time) error {
	if v.raw == nil {
		return nil
	}
	if v.field.DataTypeOID != pgtype.TimestamptzOID || !v.binary() || len(v.raw) != 8 {
		return v.refuse("timestamptz")
	}
	micro := int64(binary.BigEndian.Uint64(v.raw)) // #nosec G115 -- two's complement
	if micro == math.MaxInt64 || micro == math.MinInt64 {
		return v.refuse("moment: it is infinite")
	}
	*to = time.UnixMicro(epoch + micro)
	return nil
}

// texts reads an array of texts of one dimension, without NULLs.
func (v value) texts(to *[]string) error {
	if v.raw == nil {
		return nil
	}
	if v.field.DataTypeOID != pgtype.TextArrayOID || !v.binary() {
		return v.refuse("text[]")
	}
	next := func() (n int32, ok bool) {
		if len(v.raw) < 4 {
			return 0, false
		}
		n = int32(binary.BigEndian.Uint32(v.raw)) // #nosec G115 -- two's complement
		v.raw = v.raw[4:]
		return n, true
	}
	// Dimensions, whether there are NULLs, the element's type; then, of each
	// dimension, its length and lowest index.
	var head [5]int32
	for i := range head {
		n, ok := next()
		if !ok && i == 3 && head[0] == 0 {
			*to = []string{}
			return nil
		}
		if !ok || head[0] > 1 || head[1] != 0 {
			return v.refuse("text[] of one dimension without NULLs")
		}
		head[i] = n
	}
	list := make([]string, 0, min(int(head[3]), len(v.raw)))
	for range head[3] {
		n, ok := next()
		if !ok || n < 0 || int(n) > len(v.raw) {
			return v.refuse("text[]: it ends too early")
		}
		list, v.raw = append(list, string(v.raw[:n])), v.raw[n:]
	}
	*to = list
	return nil
}

func (v value) json(to any) error {
	if v.raw == nil {
		return nil
	}
	raw := v.raw
	switch oid := v.field.DataTypeOID; {
	case oid != pgtype.JSONBOID && oid != pgtype.JSONOID:
		return v.refuse("JSON")
	case oid == pgtype.JSONBOID && v.binary():
		if len(raw) == 0 || raw[0] != 1 {
			return v.refuse("JSON of version 1")
		}
		raw = raw[1:]
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("column %s: %w", v.field.Name, err)
	}
	return nil
}
