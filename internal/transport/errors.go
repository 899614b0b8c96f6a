package transport

import (
	"context"
	"errors"
	"maps"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	gqlast "github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// present turns an error into what the client sees. What is no fault goes to
// the log, and to the client only as INTERNAL with the request's id.
func (c *core) present(ctx context.Context, err error) *gqlerror.Error {
	out := graphql.DefaultErrorPresenter(ctx, err)
	ext := map[string]any{"requestId": actor.RequestFrom(ctx).ID}
	code := fault.Internal
	// The faults of one input come together; each is an error of its own.
	if all := fault.All(err); len(all) > 1 {
		last := len(all) - 1
		for _, e := range all[:last] {
			graphql.AddError(ctx, gqlerror.WrapPath(out.Path, e))
		}
		err = all[last]
	}
	f, isFault := errors.AsType[*fault.Error](err)
	switch {
	case isFault:
		code = f.Code
		c.refused(ctx, code)
		out.Message = f.Message
		maps.Copy(ext, f.Details)
		if f.Field != "" {
			ext["field"] = f.Field
		}
		if f.Code == fault.Internal || f.Code == fault.Unavailable {
			c.Log.ErrorContext(ctx, "request failed", "request_id", ext["requestId"], "path", out.Path.String(), "error", err)
		}
	case out.Extensions["code"] == errcode.ParseFailed, out.Extensions["code"] == errcode.ValidationFailed, isClients(out, err):
		code = fault.Invalid
		out.Message = document.Brief(out.Message)
		for i, element := range out.Path {
			if name, ok := element.(gqlast.PathName); ok {
				out.Path[i] = gqlast.PathName(document.Brief(string(name)))
			}
		}
	case ctx.Err() != nil: // the client went away, or the server stops
		code, out.Message = fault.Unavailable, "The request was given up; try again in a moment."
	default:
		c.Log.ErrorContext(ctx, "request failed", "request_id", ext["requestId"], "path", out.Path.String(), "error", err)
		out.Message = "Something went wrong inside the panel. The provider's staff find it by the request id."
	}
	ext["code"], ext["retryable"] = code, code.Retryable()
	out.Extensions = ext
	return out
}

// isClients tells whether the error is about what the client sent: validation
// and the coercion of values, which know no fault.
func isClients(out *gqlerror.Error, err error) bool {
	if _, ok := errors.AsType[*strconv.NumError](err); ok {
		return true
	}
	_, isInt := errors.AsType[*graphql.IntegerError](err)
	return isInt || out.Rule != "" || out.Err == nil && len(out.Path) > 0 && out.Path[0] == gqlast.PathName("variable")
}
