package transport

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/executor"
)

// What answers are written as.
const (
	mediaJSON    = "application/json"
	mediaGraphQL = "application/graphql-response+json"
)

// post is gqlgen's transport for POST with the same answers and less work: the
// guard has decoded the operation, and the data goes out as the executor wrote it,
// from pooled memory, without being read again.
type post struct{}

// Supports implements graphql.Transport.
func (post) Supports(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get("Upgrade") == "" && postedOf(r.Context()) != nil
}

// Do implements graphql.Transport.
func (post) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	answerType := negotiated(r.Header.Get("Accept"))
	w.Header().Set("Content-Type", answerType)
	buffer := executor.NewBuffer(`{"data":`)
	// Not when something panics: who knows who else has it then.
	op, errs := exec.CreateOperationContext(r.Context(), &postedOf(r.Context()).params)
	if errs != nil {
		status := refusedStatus(errs, answerType) // their codes are about to become ours
		send(w, status, exec.DispatchError(graphql.WithOperationContext(r.Context(), op), errs), buffer)
	} else {
		next, ctx := exec.DispatchOperation(executor.WithBuffer(r.Context(), buffer), op)
		send(w, http.StatusOK, next(ctx), buffer)
	}
	buffer.Release()
}

// send writes an answer, which is nil when the request was given up.
func send(w http.ResponseWriter, status int, response *graphql.Response, buffer *executor.Buffer) {
	body := encoded(response, buffer)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// encoded is an answer as JSON, errors first. It is good until the buffer is released.
func encoded(r *graphql.Response, buffer *executor.Buffer) []byte {
	switch {
	case r == nil || r.HasNext != nil || r.Label != "" || r.Path != nil: // of @defer; rare
		return marshaled(r)
	case len(r.Errors) == 0 && len(r.Extensions) == 0 && len(r.Data) > 0:
		return buffer.Complete(r.Data, "}")
	}
	body := []byte{'{'}
	if len(r.Errors) > 0 {
		body = append(append(append(body, `"errors":`...), marshaled(r.Errors)...), ',')
	}
	body = append(body, `"data":`...)
	if len(r.Data) > 0 {
		body = append(body, r.Data...)
	} else {
		body = append(body, "null"...)
	}
	if len(r.Extensions) > 0 {
		body = append(append(body, `,"extensions":`...), marshaled(r.Extensions)...)
	}
	return append(body, '}')
}

// marshaled is v as JSON; the handler answers for a panic.
func marshaled(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("encode an answer: %w", err))
	}
	return b
}

// refusedStatus is that of an operation that is not executed. Of what is not valid,
// clients of plain JSON are told another one than those who know GraphQL's own type.
// https://graphql.github.io/graphql-over-http/draft/#sec-Status-Codes
func refusedStatus(errs gqlerror.List, answerType string) int {
	switch {
	case errcode.GetErrorKind(errs) != errcode.KindProtocol:
		return http.StatusOK
	case answerType == mediaGraphQL:
		return http.StatusBadRequest
	}
	return http.StatusUnprocessableEntity
}

// negotiated is the first type of an Accept header that we write; plain JSON for
// who takes anything, and GraphQL's own type for who takes neither.
func negotiated(accept string) string {
	if accept == "" || accept == "*/*" || accept == mediaJSON { // as nearly everybody writes it
		return mediaJSON
	}
	for part := range strings.SplitSeq(accept, ",") {
		switch kind, _, err := mime.ParseMediaType(strings.TrimSpace(part)); {
		case err != nil:
		case kind == mediaGraphQL:
			return mediaGraphQL
		case kind == mediaJSON, kind == "*/*", kind == "application/*":
			return mediaJSON
		}
	}
	return mediaGraphQL
}
