// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pricing says what a node costs per hour, and how it knows.
//
// The first of these that has an answer is the base price:
//
//  1. an annotation: tollgate.dev/hourly-price, then those of Options. One that
//     cannot be read, that is far from what 2, 3 or 4 says, that is 0 where no
//     rule says so, or that is stale where 2 or 3 has an answer is passed over
//     and named in Price.Problem;
//  2. a rule of Options, by the node's labels;
//  3. the embedded catalog (package catalog) by cloud, region, instance type
//     and capacity type. Prices are list prices for Linux, for machines as their
//     type is;
//  4. an estimate: the catalog's price in another region, for another operating
//     system or without what is attached, its on-demand price times the usual
//     spot ratio, the node's resources at the prices of its family of instance
//     types, or at general unit prices. With estimates off, the node's resources
//     at the median of the priced nodes of the cluster. None for a virtual node,
//     whose size is a quota.
//
// The adjustments of Options that match the node change it in their order, and
// then the node fee is added.
//
// A price that is not known is Unknown, never 0, and never an error.
//
// A Book holds the prices of a cluster, and says which nodes are prepaid. A
// Resolver prices a single node.
package pricing
