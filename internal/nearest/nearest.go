// Package nearest finds what somebody meant who mistyped a word.
package nearest

import "strings"

// most is how many candidates a message can name.
const most = 5

// To gives the candidates that differ least from a word, in any letter case,
// at most five; none where all differ by more than a third of its letters.
func To(word string, candidates []string) []string {
	var near []string
	best := max(1, len(word)/3) + 1
	for _, candidate := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(candidate))
		if d < best {
			best, near = d, nil
		}
		if d == best && d <= max(1, len(word)/3) {
			near = append(near, candidate)
		}
	}
	return near[:min(len(near), most)]
}

// distance counts the letters to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
