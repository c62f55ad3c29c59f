// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package nodeindex

import "slices"

// Index holds the nodes of a cluster. Its zero value is empty.
type Index struct {
	byKey   map[Class]*class
	classes []*class
	members map[string]member // by the name of the node
	heads   heads             // of the last search, to be used again
}

type member struct {
	class *class
	node  *Node
}

// Len returns the number of nodes.
func (x *Index) Len() int { return len(x.members) }

// Classes returns the number of classes.
func (x *Index) Classes() int { return len(x.classes) }

// Put adds a node, or replaces what is known about the one of its name. sample
// is asked if the class is new.
func (x *Index) Put(key Class, node Node, sample func() Sample) {
	m, known := x.members[node.Name]
	if known {
		if m.class.key == key && *m.node == node {
			return
		}
		x.take(m)
	}
	c := x.byKey[key]
	if c == nil {
		if x.byKey == nil {
			x.byKey, x.members = map[Class]*class{}, map[string]member{}
		}
		c = &class{key: key, sample: sample()}
		x.byKey[key] = c
		x.classes = append(x.classes, c)
	}
	n := m.node
	if n == nil {
		n = &Node{}
	}
	*n = node
	c.insert(n)
	x.members[node.Name] = member{class: c, node: n}
}

// Remove forgets a node, if it is known.
func (x *Index) Remove(name string) {
	if m, known := x.members[name]; known {
		x.take(m)
		delete(x.members, name)
	}
}

// take takes a node out of its class, and the class out if it was the last.
func (x *Index) take(m member) {
	m.class.remove(m.node)
	if len(m.class.blocks) > 0 {
		return
	}
	delete(x.byKey, m.class.key)
	i := slices.Index(x.classes, m.class)
	x.classes = slices.Delete(x.classes, i, i+1)
}
