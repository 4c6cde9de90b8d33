// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
)

// ledger remembers which units were taken away under each policy within the last hour. It is kept in memory: a manager
// that starts begins a new hour. The zero value has nothing on record, and several may use it at a time.
type ledger struct {
	mutex sync.Mutex
	taken map[string][]charge
}

// charge is one unit that was taken away, by its pods, and when that was first asked for.
type charge struct {
	at   time.Time
	pods sets.Set[types.UID]
}

// window is how long a charge counts.
const window = time.Hour

// allowance is what may be taken away under a policy now.
type allowance struct {
	policy string
	// percent of what serves, from 1 to 100.
	percent int32
	// serving are the units that serve under the policy, each as its pods.
	serving [][]types.UID
	now     time.Time
}

// take asks for units, each given as its pods, and tells for each whether it may go. One that has been asked for within
// the hour may, and is not charged again: an eviction may be refused a few times before it takes effect. again is when
// more may go; zero when all may.
func (l *ledger) take(a allowance, units [][]types.UID) (may []bool, again time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.taken == nil {
		l.taken = map[string][]charge{}
	}
	charges := slices.DeleteFunc(l.taken[a.policy], func(c charge) bool { return !a.now.Before(c.at.Add(window)) })
	of := map[types.UID]int{}
	for i, c := range charges {
		for pod := range c.pods {
			of[pod] = i
		}
	}
	most := a.most(len(charges), of)
	may = make([]bool, len(units))
	for i, pods := range units {
		at, known := chargeOf(of, pods)
		if !known && len(charges) >= most {
			continue
		}
		if !known {
			at, charges = len(charges), append(charges, charge{a.now, sets.New[types.UID]()})
		}
		charges[at].pods.Insert(pods...)
		for _, pod := range pods {
			of[pod] = at
		}
		may[i] = true
	}
	l.taken[a.policy] = charges
	if len(charges) == 0 {
		delete(l.taken, a.policy)
	}
	if slices.Contains(may, false) {
		again = slices.MinFunc(charges, func(x, y charge) int { return x.at.Compare(y.at) }).at.Add(window)
	}
	return may, again
}

// most is how many units may be taken away within an hour: the part of those that served at its beginning, which are
// those that serve and those that were taken, rounded up, and at least one.
func (a allowance) most(taken int, of map[types.UID]int) int {
	served := taken
	for _, pods := range a.serving {
		if _, known := chargeOf(of, pods); !known {
			served++
		}
	}
	return max((served*int(a.percent)+99)/100, 1)
}

// chargeOf is the charge for a unit that has one of these pods; false when there is none.
func chargeOf(of map[types.UID]int, pods []types.UID) (int, bool) {
	for _, pod := range pods {
		if at, known := of[pod]; known {
			return at, true
		}
	}
	return 0, false
}
