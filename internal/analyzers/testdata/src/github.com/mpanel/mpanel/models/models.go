// Package models stands for the real one.
package models

type Customer struct{ ID string }

type Database struct{ ID, CustomerID string }

type Setting struct{ Name string }
