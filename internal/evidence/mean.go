// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"math/big"
	"strconv"
	"strings"
)

// meanDigits is the number of significant digits of a computed value, enough to tell apart any two that a
// tool computes with floating-point numbers.
const meanDigits = 17

// mean adds up decimals exactly and fractions to 64 places.
type mean struct {
	n int64
	// sum is in units of 10^-maxDigits.
	sum big.Int
}

// add takes a decimal in; one without a value is left out.
func (m *mean) add(d decimal) {
	if v := scaledInt(d); v != nil {
		m.sum.Add(&m.sum, v)
		m.n++
	}
}

// addFraction takes numerator/denominator in; the denominator is not 0.
func (m *mean) addFraction(numerator, denominator int64) {
	v := big.NewInt(numerator)
	v.Mul(v, unit())
	m.sum.Add(&m.sum, v.Quo(v, big.NewInt(denominator)))
	m.n++
}

// value is a plain decimal rounded half to even, or "" for the mean of nothing.
func (m *mean) value() string {
	if m.n == 0 {
		return ""
	}
	return quotient(&m.sum, new(big.Int).Mul(big.NewInt(m.n), unit()))
}

// over is the sum over that of another mean, such as one of weights; "" where there is no sum, or nothing above 0
// to divide it by.
func (m *mean) over(other *mean) string {
	if m.n == 0 || other.sum.Sign() <= 0 {
		return ""
	}
	return quotient(&m.sum, &other.sum)
}

func unit() *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(maxDigits), nil) }

// scaledInt is a decimal in units of 10^-maxDigits, nil for one without a value.
func scaledInt(d decimal) *big.Int {
	if d == "" {
		return nil
	}
	whole, fraction, _ := strings.Cut(string(d), ".")
	v, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", max(0, maxDigits-len(fraction))), 10)
	if !ok {
		return nil
	}
	return v
}

// quotient divides to meanDigits significant digits, rounding half to even; the denominator is above 0.
func quotient(numerator, denominator *big.Int) string {
	if numerator.Sign() == 0 {
		return "0"
	}
	// As many digits before the point as wanted, or one more.
	shift := meanDigits + len(denominator.String()) - len(new(big.Int).Abs(numerator).String())
	n, d := new(big.Int).Set(numerator), new(big.Int).Set(denominator)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		n.Mul(n, power)
	} else {
		d.Mul(d, power)
	}
	if new(big.Int).Quo(new(big.Int).Abs(n), d).Cmp(new(big.Int).Exp(big.NewInt(10), big.NewInt(meanDigits), nil)) >= 0 {
		d.Mul(d, big.NewInt(10))
		shift--
	}
	q, rest := new(big.Int).QuoRem(n, d, new(big.Int))
	switch twice := rest.Abs(rest).Lsh(rest, 1).Cmp(d); {
	case twice > 0, twice == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(int64(n.Sign())))
	}
	return plainDecimal(q.String() + "e" + strconv.Itoa(-shift))
}
