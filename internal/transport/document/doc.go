// Package document turns the text of an operation into a validated document. Its
// limits hold before any work that could grow faster than the text.
package document
