// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package measured

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/internal/clearance"
)

// ClearedOwner is the UID of the ReplicaSet that the clearance names, HeldOwner that of another.
const (
	ClearedOwner types.UID = "8f14e45f-ceea-467f-a0e6-0123456789ab"
	HeldOwner    types.UID = "c9f0f895-fb98-4b91-99f2-0123456789ab"
)

// leased is a clearance of the measured pod's images for owners, for longer than any measuring takes.
func leased(owners ...types.UID) clearance.Clearance {
	now := time.Now().Truncate(time.Second)
	c := clearance.Clearance{
		End: now.Add(7 * 24 * time.Hour), Exposure: "Internal", Mode: clearance.Free, Owners: owners, Since: now,
	}
	for _, of := range []string{"server", "guard", "weights"} {
		_, digest, _ := strings.Cut(image(of), "@sha256:")
		c.Digests = append(c.Digests, digest)
	}
	return c
}

// One is the clearance of the measured pod alone.
func One() map[string]string {
	return map[string]string{clearance.Key(Release): leased(ClearedOwner).String()}
}

// AsManyAsFit has clearances of other releases too, until no further one fits.
func AsManyAsFit() map[string]string {
	all := One()
	for n := 0; ; n++ {
		key, value := clearance.Key(fmt.Sprintf("other-%04d", n)), leased(uid(n)).String()
		if !clearance.Fits(all, key, value) {
			return all
		}
		all[key] = value
	}
}

// OneOfManyOwners is a clearance of one release with as many owners as fit.
func OneOfManyOwners() map[string]string {
	owners := []types.UID{ClearedOwner}
	for n := 0; ; n++ {
		more := append(owners, uid(n))
		if !clearance.Fits(nil, clearance.Key(Release), leased(more...).String()) {
			return map[string]string{clearance.Key(Release): leased(owners...).String()}
		}
		owners = more
	}
}

func uid(n int) types.UID {
	return types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012x", n))
}
