// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// catalogue collects attempts.
type catalogue struct{ all []Attempt }

// attack is what one kind of attempt has in common; add writes it out for every door, identity and ground.
type attack struct {
	number, what string
	kind         Kind
	sub          string
	on           string
	base         func() map[string]any
	change       Change
	// ways are the doors; nil: all that update the kind.
	ways []Way
	// who tries; nil: people and pipelines that work in a namespace.
	who []Identity
	// grounds; nil: enforced, audited and ungoverned.
	grounds []Ground
	// removes says that the change only takes away, which an apply by another owner cannot.
	removes bool
}

func (c *catalogue) add(attacks ...attack) {
	for _, a := range attacks {
		if a.ways == nil {
			a.ways = updateWays(a)
		}
		if a.who == nil {
			a.who = people()
		}
		if a.grounds == nil {
			a.grounds = []Ground{Enforced, Audited, Ungoverned}
		}
		a.who = distinct(a.who)
		for i, way := range a.ways {
			for j, who := range a.who {
				// Every door is knocked at by the first, and the first by everybody.
				if i > 0 && j > 0 {
					continue
				}
				for k, ground := range a.grounds {
					// Where nothing is held, the first goes by every door and nobody else; where it is only audited, by one.
					if k > 0 && (j > 0 || i > 0 && ground == Audited) {
						continue
					}
					c.all = append(c.all, Attempt{
						Number: a.number, What: a.what, Who: who, Ground: ground, Kind: a.kind, Sub: a.sub, Way: way,
						On: a.on, Base: a.base, Change: a.change,
					})
				}
			}
		}
	}
}

// distinct leaves out who comes again.
func distinct(who []Identity) (once []Identity) {
	for _, i := range who {
		if !slices.ContainsFunc(once, func(o Identity) bool { return o.Name == i.Name }) {
			once = append(once, i)
		}
	}
	return once
}

// updateWays are the ways by which an object of the kind is changed.
func updateWays(a attack) []Way {
	ways := []Way{Merge, Put, JSON}
	if builtin(a.kind) {
		ways = append(ways, Strategic)
	}
	if !a.removes {
		ways = append(ways, Apply)
	}
	return ways
}

// builtin tells whether the kind is one of Kubernetes, which alone know strategic merge patches.
func builtin(kind Kind) bool {
	switch kind.Group {
	case "", "apps", "batch", "networking.k8s.io":
		return true
	default:
		return false
	}
}

func creates() []Way { return []Way{Create, Apply} }

func only(ways ...Way) []Way { return ways }
