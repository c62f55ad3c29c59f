// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pricing says what a node costs per hour, and how it knows.
//
// The first of these that has an answer wins:
//
//  1. an annotation: tollgate.dev/hourly-price, then those of Options. An
//     explicit 0 is a price like any other: a person says that the node is
//     free. One that cannot be read is named in Price.Problem and passed over;
//  2. the embedded catalog (package catalog) by cloud, region, instance type
//     and capacity type. Prices are list prices for Linux;
//  3. an estimate: the catalog's price in another region, its on-demand price
//     times the usual spot ratio, or the node's capacity at unit prices.
//
// A price that is not known is Unknown, never 0, and never an error.
package pricing
