package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
)

// idleTransfer is how long a transfer may stand still, in either direction.
const idleTransfer = 60 * time.Second

// Files gives and takes the bytes behind one-time URLs. Its errors are faults:
// fault.NotFound for a link that is not valid any more, fault.Invalid for what
// cannot be taken, fault.Unavailable for what may work later.
type Files interface {
	// Download gives the file of a token from a byte on.
	Download(ctx context.Context, token, client string, from int64) (*File, error)
	// Peer gives a file to another node, which signed the query.
	Peer(ctx context.Context, query url.Values) (*File, error)
	// Upload takes length bytes, -1 for nobody knows, with the SHA-256 sum if it is
	// not nil, and returns the sum that they have.
	Upload(ctx context.Context, token, client string, length int64, sum []byte, body io.Reader) ([]byte, error)
}

// A File is what a download sends. Done is told whether all of Body was sent.
type File struct {
	Name      string
	SizeBytes int64 // of the whole file
	SHA256    []byte
	Body      io.ReadCloser
	Done      func(ctx context.Context, whole bool)
}

type fileRoutes struct {
	files Files
	log   *slog.Logger
}

func (f fileRoutes) register(mux *routes) {
	mux.HandleFunc("/files/peer/{dump}", func(w http.ResponseWriter, r *http.Request) { f.only(w, r, f.peer, nil) })
	mux.HandleFunc("/files/{token}", func(w http.ResponseWriter, r *http.Request) { f.only(w, r, f.download, f.upload) })
}

// only takes GET and PUT. A GET uses a link up, so HEAD may not be taken for one.
func (fileRoutes) only(w http.ResponseWriter, r *http.Request, get, put http.HandlerFunc) {
	switch {
	case r.Method == http.MethodGet:
		get(w, r)
	case r.Method == http.MethodPut && put != nil:
		put(w, r)
	default:
		w.Header().Set("Allow", "GET, PUT")
		text(w, http.StatusMethodNotAllowed, "Only GET and PUT.\n")
	}
}

// clientOf tells clients apart well enough to let one go on with its own download.
func clientOf(r *http.Request) string {
	return actor.RequestFrom(r.Context()).IP + "\n" + r.UserAgent()
}

func (f fileRoutes) download(w http.ResponseWriter, r *http.Request) {
	from := firstByte(r.Header.Get("Range"))
	file, err := f.files.Download(r.Context(), r.PathValue("token"), clientOf(r), from)
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	f.send(w, r, file, from)
}

func (f fileRoutes) peer(w http.ResponseWriter, r *http.Request) {
	file, err := f.files.Peer(r.Context(), r.URL.Query())
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	from, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64) // it is signed
	f.send(w, r, file, from)
}

// firstByte reads "bytes=N-"; every other range is answered with the whole file.
func firstByte(header string) int64 {
	s, ok := strings.CutPrefix(header, "bytes=")
	s, open := strings.CutSuffix(s, "-")
	n, err := strconv.ParseInt(s, 10, 64)
	if !ok || !open || err != nil || n < 0 {
		return 0
	}
	return n
}

func (f fileRoutes) send(w http.ResponseWriter, r *http.Request, file *File, from int64) {
	defer func() { _ = file.Body.Close() }() // only read
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+file.Name+`"`)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'") // should anybody show it all the same
	h.Set("Content-Length", strconv.FormatInt(file.SizeBytes-from, 10))
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", `"`+hex.EncodeToString(file.SHA256)+`"`)
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(file.SHA256)+":")
	h.Set("X-Checksum-Sha256", hex.EncodeToString(file.SHA256))
	status := http.StatusOK
	if from > 0 {
		h.Set("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(file.SizeBytes-1, 10)+"/"+strconv.FormatInt(file.SizeBytes, 10))
		status = http.StatusPartialContent
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // each piece has its own
	w.WriteHeader(status)
	n, err := moved(w, file.Body, func() { _ = control.SetWriteDeadline(time.Now().Add(idleTransfer)) })
	whole := err == nil && n == file.SizeBytes-from
	file.Done(context.WithoutCancel(r.Context()), whole)
	if !whole {
		f.log.InfoContext(r.Context(), "download broke off", "request_id", w.Header().Get("X-Request-Id"), "sent_bytes", n)
		panic(http.ErrAbortHandler) // the client must not take it for the whole
	}
}

// moved copies and says so before each piece.
func moved(to io.Writer, from io.Reader, alive func()) (n int64, err error) {
	buf := make([]byte, 256<<10)
	for {
		r, readErr := from.Read(buf)
		if r > 0 {
			alive()
			w, err := to.Write(buf[:r])
			n += int64(w)
			if err != nil {
				return n, err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

func (f fileRoutes) upload(w http.ResponseWriter, r *http.Request) {
	sum, err := announced(r.Header)
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	if r.Header.Get("Content-Encoding") != "" {
		f.refuse(w, r, fault.Invalid.New("", "Send the file as it is, without Content-Encoding."))
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // the answer comes when all is there, however long that takes
	body := &living{r.Body, func() { _ = control.SetReadDeadline(time.Now().Add(idleTransfer)) }}
	got, err := f.files.Upload(r.Context(), r.PathValue("token"), clientOf(r), r.ContentLength, sum, body)
	_ = control.SetWriteDeadline(time.Now().Add(idleTransfer))
	if err != nil {
		w.Header().Set("Connection", "close") // what is left of the body is not read
		f.refuse(w, r, err)
		return
	}
	w.Header().Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(got)+":")
	w.Header().Set("X-Checksum-Sha256", hex.EncodeToString(got))
	text(w, http.StatusCreated, "stored\n")
}

// living gives a body more time with every piece that comes.
type living struct {
	io.Reader

	alive func()
}

func (l *living) Read(p []byte) (int, error) {
	l.alive()
	return l.Reader.Read(p)
}

// announced is the SHA-256 that a client says its body has, nil for none.
// https://www.rfc-editor.org/rfc/rfc9530
func announced(h http.Header) ([]byte, error) {
	for part := range strings.SplitSeq(h.Get("Repr-Digest"), ",") {
		if s, ok := strings.CutPrefix(strings.TrimSpace(part), "sha-256="); ok {
			sum, err := base64.StdEncoding.DecodeString(strings.Trim(s, ":"))
			if err != nil || len(sum) != 32 {
				return nil, fault.Invalid.New("", "Repr-Digest is not a SHA-256.")
			}
			return sum, nil
		}
	}
	if s := h.Get("X-Checksum-Sha256"); s != "" {
		sum, err := hex.DecodeString(s)
		if err != nil || len(sum) != 32 {
			return nil, fault.Invalid.New("", "X-Checksum-Sha256 is not a SHA-256.")
		}
		return sum, nil
	}
	return nil, nil
}

func (f fileRoutes) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	told, ok := errors.AsType[*fault.Error](err)
	if ok {
		switch told.Code {
		case fault.NotFound:
			status = http.StatusGone
		case fault.Invalid:
			status = http.StatusBadRequest
		case fault.Conflict:
			status = http.StatusConflict
		case fault.Unavailable:
			status = http.StatusServiceUnavailable
		default:
			ok = false
		}
	}
	if !ok {
		id := w.Header().Get("X-Request-Id")
		f.log.ErrorContext(r.Context(), "file request failed", "request_id", id, "error", err)
		text(w, http.StatusInternalServerError, "Something went wrong inside the panel; request id "+id+"\n")
		return
	}
	text(w, status, told.Message+"\n")
}
