package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
)

// readOperation refuses what no transport takes, with an answer of our form. On
// false the answer is written.
func readOperation(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Method == http.MethodPost:
		return readBody(w, r)
	case r.Method == http.MethodGet && r.Header.Get("Upgrade") != "":
		return true
	case r.Method == http.MethodGet:
		return readQuery(w, r)
	}
	w.Header().Set("Allow", "GET, POST, OPTIONS")
	refuse(w, r, http.StatusMethodNotAllowed, fault.Invalid, "Send operations by POST, or queries by GET.")
	return false
}

// readQuery checks a GET: anybody's page can make a browser send one, so it
// must not change anything.
func readQuery(w http.ResponseWriter, r *http.Request) bool {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, r, http.StatusBadRequest, fault.Invalid, "The query string is not well-formed.")
		return false
	}
	for _, name := range []string{"variables", "extensions"} {
		var object map[string]any
		if v := values.Get(name); v != "" && json.Unmarshal([]byte(v), &object) != nil {
			refuse(w, r, http.StatusBadRequest, fault.Invalid, "The parameter "+name+" is not a JSON object.")
			return false
		}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: values.Get("query")}, MaxTokens)
	if err != nil || doc == nil {
		return true // the executor says what is wrong
	}
	if op := doc.Operations.ForName(values.Get("operationName")); op != nil && op.Operation != ast.Query {
		w.Header().Set("Allow", "POST")
		refuse(w, r, http.StatusMethodNotAllowed, fault.Invalid, "Only queries can be sent by GET.")
		return false
	}
	return true
}

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
		Query         *string         `json:"query"`
		OperationName *string         `json:"operationName"`
		Variables     *map[string]any `json:"variables"`
		Extensions    *map[string]any `json:"extensions"`
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
