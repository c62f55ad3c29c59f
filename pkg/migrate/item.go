// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

// typeMeta of a kind of Tollgate.
func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
}

// object is one of Tollgate's.
type object interface {
	metav1.Object
	runtime.Object
}

// item makes an Item of an object of Tollgate, whose notes are from s.
func item(o object, notes []Note, from ...Origin) (Item, error) {
	i := Item{From: from, Notes: notes, To: Ref{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: o.GetObjectKind().GroupVersionKind().Kind, Namespace: o.GetNamespace(), Name: o.GetName(),
	}}
	data, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(data, &i.Object)
	}
	if err != nil {
		return Item{}, fmt.Errorf("writing %s as JSON: %w", i.To, err)
	}
	delete(i.Object, "status")
	return i, nil
}

// emit adds the object to the result, unless its namespace has one of its name.
func (c *conversion) emit(s *source, o object, notes []Note, from ...Origin) {
	for n := range notes {
		if notes[n].Object == (Ref{}) {
			notes[n].Object, notes[n].Source = s.ref, s.Source
		}
	}
	i, err := item(o, notes, from...)
	if err != nil {
		c.leaveOut(s, true, "%v", err)
		return
	}
	for n := range c.result.Items {
		if other := &c.result.Items[n]; other.To == i.To {
			c.leaveOut(s, true, "%s is made of %s already; rename one of the two", i.To, other.From[0])
			return
		}
	}
	c.result.Items = append(c.result.Items, i)
}
