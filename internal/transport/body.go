package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
)

// readBody reads a POST's body within its limit and puts it back for the
// executor, which would repeat a malformed one, passwords and all, in its error.
// On false the answer is written.
func readBody(w http.ResponseWriter, r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		refuse(w, r, http.StatusUnsupportedMediaType, fault.Invalid, "Send the operation as application/json.")
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, r, http.StatusRequestEntityTooLarge, fault.TooComplex, "A request has at most 64 KiB.")
		return false
	}
	if err != nil {
		refuse(w, r, http.StatusBadRequest, fault.Invalid, "The request could not be read.")
		return false
	}
	var operation struct {
		Query     *string         `json:"query"`
		Variables *map[string]any `json:"variables"`
	}
	if json.Unmarshal(body, &operation) != nil {
		refuse(w, r, http.StatusBadRequest, fault.Invalid, "The body is not a JSON object with query, variables and operationName.")
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}

// refuse answers before there is an operation.
func refuse(w http.ResponseWriter, r *http.Request, status int, code fault.Code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{
		"message":    message,
		"extensions": map[string]any{"code": code, "retryable": code.Retryable(), "requestId": actor.RequestFrom(r.Context()).ID},
	}}})
}
