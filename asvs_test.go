package main_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asvsSections are how many requirements of levels 1 and 2 each section of ASVS 5.0.0
// has; they are numbered from 1. Level 3's come after them, but for those of asvsMixed.
var asvsSections = map[string]int{
	"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
	"2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
	"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
	"4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
	"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
	"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
	"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
	"8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
	"9.1": 3, "9.2": 4,
	"10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
	"11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
	"12.1": 3, "12.2": 2, "12.3": 4,
	"13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
	"14.1": 2, "14.2": 4, "14.3": 3,
	"15.1": 3, "15.2": 3, "15.3": 7,
	"16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
	"17.1": 1, "17.2": 4, "17.3": 2,
}

var (
	asvsID     = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	asvsTest   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	asvsReason = regexp.MustCompile(`(?:^|; )(?:exception|not here|document): \S`)
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
)

// asvsRow is a line of a table.
type asvsRow struct {
	ids   []string
	level string
	how   string
}

// readASVS reads the tables of a document; what is not a row of one is overlooked.
func readASVS(text string) (rows []asvsRow) {
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		ids := strings.Split(strings.TrimSpace(cells[0]), ", ")
		if len(cells) == 4 && asvsID.MatchString(ids[0]) {
			rows = append(rows, asvsRow{ids, strings.TrimSpace(cells[1]), strings.TrimSpace(cells[3])})
		}
	}
	return rows
}

// faultsOfASVS are what is wrong with the rows.
func faultsOfASVS(rows []asvsRow, tests map[string]bool) (faults []string) {
	seen := map[string]bool{}
	for _, row := range rows {
		for _, id := range row.ids {
			if !asvsID.MatchString(id) || seen[id] {
				faults = append(faults, id+" is no id, or is there twice")
			}
			seen[id] = true
		}
		named := asvsTest.FindAllStringSubmatch(row.how, -1)
		for _, m := range named {
			if !tests[m[1]] {
				faults = append(faults, row.ids[0]+" names "+m[1]+", which there is not")
			}
		}
		if len(named) == 0 && !asvsReason.MatchString(row.how) {
			faults = append(faults, row.ids[0]+" has neither a test nor a reason")
		}
	}
	for section, n := range asvsSections {
		for i := range n {
			if id := section + "." + strconv.Itoa(i+1); !seen[id] {
				faults = append(faults, id+" is missing")
			}
		}
	}
	return faults
}

// everyTest are the names of all tests of this module.
func everyTest(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(b, -1) {
			tests[string(m[1])] = true
		}
		return err
	}))
	return tests
}

// S40: docs/asvs.md has every requirement of levels 1 and 2, each with tests that there
// are or a reason.
func TestASVS_EveryRequirementHasATestOrAReason(t *testing.T) {
	t.Parallel()
	total := 0
	for _, n := range asvsSections {
		total += n
	}
	require.Equal(t, 253, total, "levels 1 and 2 of ASVS 5.0.0")
	b, err := os.ReadFile("docs/asvs.md")
	require.NoError(t, err)
	require.Empty(t, faultsOfASVS(readASVS(string(b)), everyTest(t)))

	security, err := os.ReadFile("docs/security.md")
	require.NoError(t, err)
	tests := everyTest(t)
	for _, m := range asvsTest.FindAllSubmatch(security, -1) {
		require.True(t, tests[string(m[1])], "docs/security.md names %s, which there is not", m[1])
	}
}

// Each mistake is found.
func TestASVS_PlantedMistakesAreFound(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("docs/asvs.md")
	require.NoError(t, err)
	tests := everyTest(t)
	rows := readASVS(string(b))
	for want, plant := range map[string]string{
		"9.1.1 names TestToken_Gone, which there is not": strings.Replace(string(b), "| 9.1.1 | 1 | signatures are checked | `TestToken_Forged`", "| 9.1.1 | 1 | signatures are checked | `TestToken_Gone`", 1),
		"6.4.2 has neither a test nor a reason":          strings.Replace(string(b), "not here: there are none", "of course", 1),
		"7.3.2 is missing":                               strings.Replace(string(b), "| 7.3.2 |", "| later |", 1),
		"8.3.1 is no id, or is there twice":              string(b) + "\n| 8.3.1 | 1 | again | not here: twice |\n",
	} {
		require.Contains(t, faultsOfASVS(readASVS(plant), tests), want)
	}
	require.Greater(t, len(rows), 200)
}
