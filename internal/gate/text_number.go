// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"strconv"
	"time"
)

// appendNumber writes four digits, as %.4g does.
func appendNumber(line []byte, v float64) []byte {
	if longer, ok := appendProportion(line, v); ok {
		return longer
	}
	return strconv.AppendFloat(line, v, 'g', 4, 64)
}

// appendProportion writes what appendNumber would, in a fraction of the time, for most numbers from 0.001 to 1; false for others.
// Its product is wrong by less than 1e-11, so that it rounds as the number itself would where it is not that near to the middle
// between two.
func appendProportion(line []byte, v float64) (longer []byte, ok bool) {
	zeros, digits := 0, v*1e4
	if v < 0.1 {
		zeros, digits = 1, v*1e5
	}
	if v < 0.01 {
		zeros, digits = 2, v*1e6
	}
	if !(digits >= 1000 && digits < 9999) {
		return line, false
	}
	n := int64(digits)
	switch rest := digits - float64(n); {
	case rest > 0.5+1e-6:
		n++
	case rest > 0.5-1e-6:
		return line, false
	}
	space := [...]byte{'0', '.', '0', '0', '0', '0', '0', '0'}
	end := len("0.") + zeros + 4
	for i := end - 1; n > 0; i-- {
		space[i] = '0' + byte(n%10)
		n /= 10
	}
	for space[end-1] == '0' {
		end--
	}
	return append(line, space[:end]...), true
}

// appendTime writes a moment as RFC 3339 has it, in UTC.
func appendTime(line []byte, seconds int64) []byte {
	moment := time.Unix(seconds, 0).UTC()
	year, month, day := moment.Date()
	if year < 0 || year > 9999 {
		return moment.AppendFormat(line, time.RFC3339)
	}
	hour, minute, second := moment.Clock()
	space := [...]byte{0, 0, 0, 0, '-', 0, 0, '-', 0, 0, 'T', 0, 0, ':', 0, 0, ':', 0, 0, 'Z'}
	two(space[0:], year/100)
	two(space[2:], year%100)
	two(space[5:], int(month))
	two(space[8:], day)
	two(space[11:], hour)
	two(space[14:], minute)
	two(space[17:], second)
	return append(line, space[:]...)
}

// two writes two digits at the beginning of a text.
func two(text []byte, n int) { text[0], text[1] = '0'+byte(n/10), '0'+byte(n%10) }
