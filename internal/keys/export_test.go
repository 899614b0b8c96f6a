package keys

// Elsewhere is for the tests of the table of columns.
var Elsewhere = elsewhere
