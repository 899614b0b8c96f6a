package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
)

// AuditExports write the audit out. The caller is in the context. Its errors are
// faults: fault.Unauthenticated, fault.Forbidden, fault.Invalid, fault.RateLimited.
type AuditExports interface {
	Export(ctx context.Context, query url.Values) (*AuditExport, error)
}

// An AuditExport is one that is ready to be written.
type AuditExport struct {
	Name, ContentType string
	// Write writes it; alive is called while it gets on.
	Write func(ctx context.Context, w io.Writer, alive func()) error
	Close func()
}

type auditRoutes struct {
	exports      AuditExports
	authenticate func(ctx context.Context, token string) (*actor.Actor, error)
	log          *slog.Logger
}

// export answers GET /audit/export. A browser sends no Authorization by itself, so that
// no other page can have it sent.
func (a auditRoutes) export(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if token, ok := actor.Bearer(r.Header.Get("Authorization")); ok {
		switch who, err := a.authenticate(ctx, token); {
		case err == nil:
			ctx = actor.With(ctx, who)
		case fault.CodeOf(err) != fault.Unauthenticated:
			a.refuse(w, r, err)
			return
		}
	}
	e, err := a.exports.Export(ctx, r.URL.Query())
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	defer e.Close()
	w.Header().Set("Content-Type", e.ContentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+e.Name+`"`)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // each piece has its own
	err = e.Write(ctx, w, func() { _ = control.SetWriteDeadline(time.Now().Add(idleTransfer)) })
	if err != nil {
		a.log.InfoContext(ctx, "export of the audit broke off", "request_id", w.Header().Get("X-Request-Id"), "error", err)
		panic(http.ErrAbortHandler) // the client must not take it for the whole
	}
}

var auditStatus = map[fault.Code]int{
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden, fault.Invalid: http.StatusBadRequest,
	fault.RateLimited: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

func (a auditRoutes) refuse(w http.ResponseWriter, r *http.Request, err error) {
	told, ok := errors.AsType[*fault.Error](err)
	status := 0
	if ok {
		status = auditStatus[told.Code]
	}
	if status == 0 {
		id := w.Header().Get("X-Request-Id")
		a.log.ErrorContext(r.Context(), "export of the audit failed", "request_id", id, "error", err)
		text(w, http.StatusInternalServerError, "Something went wrong inside the panel; request id "+id+"\n")
		return
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	text(w, status, told.Message+"\n")
}
