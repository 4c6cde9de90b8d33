// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxDigits bounds the digits of a decimal, the zeros that place its point included.
	maxDigits = 64
	// maxCount is the largest whole number that every JSON writer writes exactly.
	maxCount = 1 << 53
)

// decimal is a JSON number as a plain decimal, or "" where the value is anything else.
type decimal string

// UnmarshalJSON accepts every value: what is not a number within bounds is no data.
func (d *decimal) UnmarshalJSON(value []byte) error {
	*d = ""
	if jsontext.Value(value).Kind() == '0' {
		*d = decimal(plainDecimal(string(value)))
	}
	return nil
}

func (d decimal) negative() bool { return strings.HasPrefix(string(d), "-") }

// plainDecimal writes a JSON number without exponent and without needless zeros; "" where that takes more
// than maxDigits digits. It moves the point in the text, so no digit is rounded, save for what floating-point
// numbers have beyond maxDigits decimals: there it rounds away from zero, as 1e-308 is neither 0 nor no data.
func plainDecimal(number string) string {
	unsigned, negative := strings.CutPrefix(number, "-")
	mantissa, exponent := unsigned, 0
	if i := strings.IndexAny(unsigned, "eE"); i >= 0 {
		mantissa = unsigned[:i]
		var err error
		if exponent, err = strconv.Atoi(unsigned[i+1:]); err != nil {
			exponent = maxCount // beyond every bound below; zero stays zero
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	significant := strings.TrimLeft(digits, "0")
	if significant == "" {
		return "0"
	}
	point := len(whole) - (len(digits) - len(significant))
	significant = strings.TrimRight(significant, "0")
	if exponent > 1<<20 || exponent < -1<<20 || len(significant) > maxDigits {
		return ""
	}
	point += exponent
	if point > maxDigits {
		return ""
	}
	if len(significant)-point > maxDigits {
		if point > 0 {
			return ""
		}
		significant, point = roundTiny(significant, point)
	}
	plain := placePoint(significant, point)
	if negative {
		return "-" + plain
	}
	return plain
}

// roundTiny cuts the digits of a number below 1, whose point stands before them, to maxDigits decimals and
// rounds away from zero.
func roundTiny(significant string, point int) (string, int) {
	kept := max(0, maxDigits+point)
	n, _ := new(big.Int).SetString("0"+significant[:kept], 10)
	rounded := n.Add(n, big.NewInt(1)).String()
	return strings.TrimRight(rounded, "0"), len(rounded) - maxDigits
}

func placePoint(digits string, point int) string {
	switch {
	case point <= 0:
		return "0." + strings.Repeat("0", -point) + digits
	case point >= len(digits):
		return digits + strings.Repeat("0", point-len(digits))
	default:
		return digits[:point] + "." + digits[point:]
	}
}

var errNotCount = errors.New("not a count: a whole number from 0 to 9007199254740992")

// count is a number of things; nil is unknown.
type count struct{ n *int64 }

// UnmarshalJSON refuses what is neither null nor a whole number that is exact in every JSON writer.
func (c *count) UnmarshalJSON(value []byte) error {
	c.n = nil
	if string(value) == "null" {
		return nil
	}
	if jsontext.Value(value).Kind() != '0' {
		return errNotCount
	}
	// Some writers give whole numbers a fraction of zero.
	n, err := strconv.ParseUint(plainDecimal(string(value)), 10, 64)
	if err != nil || n > maxCount {
		return errNotCount
	}
	c.n = new(int64(n))
	return nil
}

// word is a short string, or a number as the file writes it.
type word string

// UnmarshalJSON takes what is neither a string nor a number as empty.
func (w *word) UnmarshalJSON(value []byte) error {
	*w = ""
	switch v := jsontext.Value(value); v.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return err
		}
		*w = word(text)
	case '0':
		*w = word(value)
	}
	return nil
}

// ratio divides two counts: a plain decimal of at most 17 significant digits, rounded half to even, or ""
// where the denominator is 0.
func ratio(numerator, denominator int64) string {
	if denominator == 0 {
		return ""
	}
	if numerator == 0 {
		return "0"
	}
	const significant = 17
	value := big.NewRat(numerator, denominator)
	// Scale to a whole number of exactly 17 digits; its exponent is found by trying from an estimate.
	magnitude := new(big.Rat).Abs(value)
	exponent := 0
	lower, upper := pow10(significant-1), pow10(significant)
	scaled := new(big.Rat).Mul(magnitude, new(big.Rat).SetInt(lower))
	for scaled.Cmp(new(big.Rat).SetInt(upper)) >= 0 {
		scaled.Quo(scaled, big.NewRat(10, 1))
		exponent++
	}
	for scaled.Cmp(new(big.Rat).SetInt(lower)) < 0 {
		scaled.Mul(scaled, big.NewRat(10, 1))
		exponent--
	}
	digits := roundHalfEven(scaled).String()
	text := digits + "e" + strconv.Itoa(exponent-(significant-1))
	if value.Sign() < 0 {
		text = "-" + text
	}
	return plainDecimal(text)
}

func pow10(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// roundHalfEven rounds a positive number to a whole one.
func roundHalfEven(value *big.Rat) *big.Int {
	whole, rest := new(big.Int).QuoRem(value.Num(), value.Denom(), new(big.Int))
	twice := rest.Lsh(rest, 1)
	if above := twice.Cmp(value.Denom()); above > 0 || above == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	return whole
}

// rational is the exact value of a plain decimal; 0 for what is none.
func rational(plain string) *big.Rat {
	value, ok := new(big.Rat).SetString(plain)
	if !ok {
		return new(big.Rat)
	}
	return value
}

// oneMinus is 1 less a plain decimal, exactly.
func oneMinus(plain string) string {
	_, fraction, _ := strings.Cut(plain, ".")
	difference := new(big.Rat).Sub(big.NewRat(1, 1), rational(plain))
	return plainDecimal(difference.FloatString(len(fraction)))
}

// plainDecimalOf is plainDecimal for a text that may be no JSON number, and is "" then.
func plainDecimalOf(text string) string {
	value := jsontext.Value(text)
	if !value.IsValid() || value.Kind() != '0' || strings.TrimSpace(text) != text {
		return ""
	}
	return plainDecimal(text)
}
