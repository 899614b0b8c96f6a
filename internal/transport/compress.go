package transport

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
	"sync"
)

// minCompressed is from where an answer is compressed: less fits into one packet.
const minCompressed = 1400

// A compressor is used again and again; a new one takes 800 KB.
type compressor struct {
	to  bytes.Buffer
	zip *gzip.Writer
}

var compressors = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // which fails for levels that there are not
	return &compressor{zip: z}
}}

// compressed is good until it is put back.
func compressed(body []byte) *compressor {
	c, _ := compressors.Get().(*compressor)
	c.to.Reset()
	c.zip.Reset(&c.to)
	_, _ = c.zip.Write(body) // to memory
	_ = c.zip.Close()
	return c
}

// accepts tells whether an Accept-Encoding has the coding with a weight above 0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		_, weight, ok := strings.Cut(parameters, "q=")
		if !ok {
			return true
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		return err == nil && q > 0
	}
	return false
}
