package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// each appends something for each row.
func each(rows pgx.Rows, b []byte, one func(b []byte, v [][]byte, i int) []byte) ([]byte, error) {
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		b = one(b, rows.RawValues(), i)
	}
	return b, rows.Err()
}

func next(results pgx.BatchResults, b []byte, one func(b []byte, v [][]byte, i int) []byte) ([]byte, error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return each(rows, b, one)
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// appendID appends an opaque id of the graph.
func appendID(b []byte, kind string, id []byte) []byte {
	var plain [64]byte
	p := append(append(plain[:0], kind...), ':')
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			p = append(p, '-')
		}
		p = hex.AppendEncode(p, id[[...]int{0, 4, 6, 8, 10}[i]:end])
	}
	return append(base64.RawURLEncoding.AppendEncode(append(b, '"'), p), '"')
}

func appendText(b, s []byte) []byte {
	b = append(b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(append(b, `\u00`...), hex.EncodeToString([]byte{c})...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

func appendInt(b, v []byte) []byte {
	return strconv.AppendInt(b, int64(binary.BigEndian.Uint64(v)), 10)
}

func appendReal(b, v []byte) []byte {
	return strconv.AppendFloat(b, float64(math.Float32frombits(binary.BigEndian.Uint32(v))), 'g', -1, 64)
}

var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func appendTime(b, v []byte) []byte {
	t := time.UnixMicro(epoch + int64(binary.BigEndian.Uint64(v))).UTC()
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}
