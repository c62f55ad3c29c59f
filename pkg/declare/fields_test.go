// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package declare

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	tests := map[string]struct {
		value string // fields of the item beside secretName: a, as JSON
		want  Requirement
	}{
		"IP addresses join the names": {
			`"dnsNames":["b.example","192.0.2.1"],"ipAddresses":["2001:DB8:0::1","192.0.2.1","::ffff:192.0.2.7"]`,
			Requirement{DNSNames: []string{"192.0.2.1", "192.0.2.7", "2001:db8::1", "b.example"}},
		},
		"empty lists":         {`"dnsNames":[],"ipAddresses":[],"uris":[],"allow":[]`, Requirement{}},
		"URIs":                {`"uris":["spiffe://example.org/web","urn:uuid:f81d4fae","spiffe://example.org/web"]`, Requirement{URIs: []string{"spiffe://example.org/web", "urn:uuid:f81d4fae"}}},
		"minRemaining":        {`"minRemaining":"1h30m"`, Requirement{MinRemaining: 90 * time.Minute}},
		"ten years":           {`"minRemaining":"87600h"`, Requirement{MinRemaining: 87600 * time.Hour}},
		"trust in the Secret": {`"trust":"ca.crt"`, Requirement{Trust: Trust{Kind: TrustSecret}}},
		"trust in a ConfigMap": {
			`"trust":"configMap/corp.ca"`, Requirement{Trust: Trust{Kind: TrustConfigMap, Name: "corp.ca", Key: "ca.crt"}},
		},
		"trust in a ConfigMap, with key": {
			`"trust":"configMap/corp-ca/Root_1.pem"`, Requirement{Trust: Trust{Kind: TrustConfigMap, Name: "corp-ca", Key: "Root_1.pem"}},
		},
		"trust in a bundle": {
			`"trust":"clusterTrustBundle/corp"`, Requirement{Trust: Trust{Kind: TrustClusterTrustBundle, Name: "corp"}},
		},
		"trust in a signer's bundle": {
			`"trust":"clusterTrustBundle/tollgate.dev:ca:corp.1"`, Requirement{Trust: Trust{Kind: TrustClusterTrustBundle, Name: "tollgate.dev:ca:corp.1"}},
		},
		"server":       {`"usage":"server"`, Requirement{Usage: UsageServer}},
		"client":       {`"usage":"client"`, Requirement{Usage: UsageClient}},
		"requireChain": {`"requireChain":true`, Requirement{RequireChain: true}},
		"no chain":     {`"requireChain":false`, Requirement{}},
		"allow":        {`"allow":["WeakKey","NotALeaf","WeakKey"]`, Requirement{Allow: []string{"NotALeaf", "WeakKey"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.want.SecretName = "a"
			got, err := Parse(annotated(RequirementsAnnotation, `[{"secretName":"a",`+tt.value+`}]`))
			if err != nil {
				t.Fatalf("Parse() = %v", err)
			}
			if diff := cmp.Diff([]Requirement{tt.want}, got.Requirements); diff != "" {
				t.Errorf("unexpected requirements (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestFieldErrors(t *testing.T) {
	const badDuration = ` is not a duration; want hours, minutes and seconds, such as "1h30m" (a day is "24h")`
	const outOfRange = ` is out of range; want more than "0s" and at most "87600h"`
	const trusts = `; want "ca.crt", "configMap/<name>", "configMap/<name>/<key>" or "clusterTrustBundle/<name>"`
	const badURI = ` is not an absolute URI; want an absolute URI, such as spiffe://example.org/web`
	const usages = ` is not one of "server", "client"`
	const reasons = ` is not one of "BrokenChain", "NotALeaf", "WeakKey", "WeakSignature", "WrongUsage"`
	const subdomain = "at most 253 lower-case letters, digits, '-' and '.', starting and ending with a letter or digit"
	tests := map[string]struct {
		item string
		want string // after the item's position
	}{
		"not an object":         {`"web-tls"`, "got a string, want an object" + allFields},
		"no secretName":         {`{"dnsNames":["x.example"]}`, "secretName is missing; name a Secret in the pod's namespace"},
		"empty secretName":      {`{"secretName":""}`, `secretName: ""` + badName},
		"bad secretName":        {`{"secretName":"a/b"}`, `secretName: "a/b"` + badName},
		"numeric secretName":    {`{"secretName":5}`, `secretName: got a number, want a string in quotes`},
		"unknown field":         {`{"secretName":"a","dnsName":["x"]}`, `unknown field "dnsName" (did you mean "dnsNames"?)` + allFields},
		"too many fields":       {"{" + manyFields(21) + "}", "item has 21 fields" + allFields},
		"unlike any field":      {`{"secretName":"a","x\n":1}`, `unknown field "x\n"` + allFields},
		"empty DNS name":        {`{"secretName":"a","dnsNames":["x.example",""]}`, `dnsNames[1]: ""` + badDNS},
		"wildcard inside":       {`{"secretName":"a","dnsNames":["a.*.example"]}`, `dnsNames[0]: "a.*.example"` + badDNS},
		"bare wildcard":         {`{"secretName":"a","dnsNames":["*"]}`, `dnsNames[0]: "*"` + badDNS},
		"mistyped IP":           {`{"secretName":"a","dnsNames":["192.0.2.256"]}`, `dnsNames[0]: "192.0.2.256"` + badDNS},
		"URL":                   {`{"secretName":"a","dnsNames":["https://x.example/"]}`, `dnsNames[0]: "https://x.example/"` + badDNS},
		"no list":               {`{"secretName":"a","dnsNames":"x.example"}`, `dnsNames: got a string, want a list of strings`},
		"null":                  {`{"secretName":"a","dnsNames":null}`, `dnsNames: got null, want a list of strings`},
		"boolean name":          {`{"secretName":"a","dnsNames":[true]}`, `dnsNames[0]: got a boolean, want a string in quotes`},
		"too many names":        {`{"secretName":"a","dnsNames":["x"` + strings.Repeat(`,"x"`, 100) + `]}`, `dnsNames: list has 101 items; at most 100 are allowed`},
		"too many together":     {`{"secretName":"a","ipAddresses":["::1"],"dnsNames":["x"` + strings.Repeat(`,"x"`, 99) + `]}`, `dnsNames and ipAddresses have 101 names together; at most 100 are allowed`},
		"name as IP":            {`{"secretName":"a","ipAddresses":["localhost"]}`, `ipAddresses[0]: "localhost" is not an IP address; want one such as 192.0.2.1 or 2001:db8::1`},
		"CIDR":                  {`{"secretName":"a","ipAddresses":["::1","192.0.2.0/24"]}`, `ipAddresses[1]: "192.0.2.0/24" is not an IP address; want one such as 192.0.2.1 or 2001:db8::1`},
		"zone":                  {`{"secretName":"a","ipAddresses":["fe80::1%eth0"]}`, `ipAddresses[0]: "fe80::1%eth0" is not an IP address; want one such as 192.0.2.1 or 2001:db8::1`},
		"relative URI":          {`{"secretName":"a","uris":["example.org/web"]}`, `uris[0]: "example.org/web"` + badURI},
		"no host":               {`{"secretName":"a","uris":["spiffe:///web"]}`, `uris[0]: "spiffe:///web"` + badURI},
		"empty URI":             {`{"secretName":"a","uris":[""]}`, `uris[0]: ""` + badURI},
		"URI in upper case":     {`{"secretName":"a","uris":["SPIFFE://example.org/web"]}`, `uris[0]: "SPIFFE://example.org/web" is not in normal form; write "spiffe://example.org/web"`},
		"blank in URI":          {`{"secretName":"a","uris":["spiffe://example.org/ web"]}`, `uris[0]: "spiffe://example.org/ web" contains a blank or a character that is not ASCII; want an absolute URI, such as spiffe://example.org/web`},
		"escaped ampersand":     {`{"secretName":"a","uris":["https://a.example/?x=1\u0026y=2"]}`, `uris[0]: "https://a.example/?x=1&y=2" contains an ampersand; a URI with one cannot be required`},
		"long URI":              {`{"secretName":"a","uris":["spiffe://a/` + strings.Repeat("a", 2048) + `"]}`, `uris[0]: URI is 2059 bytes long; at most 2048 are allowed`},
		"too many URIs":         {`{"secretName":"a","uris":["x"` + strings.Repeat(`,"x"`, 100) + `]}`, `uris: list has 101 items; at most 100 are allowed`},
		"number of seconds":     {`{"secretName":"a","minRemaining":3600}`, `minRemaining: got a number, want a duration in quotes, such as "1h30m"`},
		"days":                  {`{"secretName":"a","minRemaining":"30d"}`, `minRemaining: "30d"` + badDuration},
		"zero":                  {`{"secretName":"a","minRemaining":"0s"}`, `minRemaining: "0s"` + outOfRange},
		"negative":              {`{"secretName":"a","minRemaining":"-1h"}`, `minRemaining: "-1h"` + outOfRange},
		"too long":              {`{"secretName":"a","minRemaining":"87600h1s"}`, `minRemaining: "87600h1s"` + outOfRange},
		"trust as object":       {`{"secretName":"a","trust":{"configMap":"x"}}`, `trust: got an object, want ` + strings.TrimPrefix(trusts, "; want ")},
		"trust of a kind":       {`{"secretName":"a","trust":"configmap/x"}`, `trust: "configmap/x" does not say where the authorities are (did you mean "configMap"?)` + trusts},
		"trust without name":    {`{"secretName":"a","trust":"configMap"}`, `trust: "configMap" does not say where the authorities are` + trusts},
		"trust with name":       {`{"secretName":"a","trust":"ca.crt/x"}`, `trust: "ca.crt/x" does not say where the authorities are` + trusts},
		"bad ConfigMap":         {`{"secretName":"a","trust":"configMap//x"}`, `trust: "" is not a valid ConfigMap name; want ` + subdomain},
		"bad key":               {`{"secretName":"a","trust":"configMap/x/y/z"}`, `trust: "y/z" is not a valid key of a ConfigMap; want letters, digits, '-', '_' and '.'`},
		"empty key":             {`{"secretName":"a","trust":"configMap/x/"}`, `trust: "" is not a valid key of a ConfigMap; want letters, digits, '-', '_' and '.'`},
		"bundle with a colon":   {`{"secretName":"a","trust":"clusterTrustBundle/a.b:c"}`, `trust: "a.b:c" is not a valid name of a ClusterTrustBundle: want none or two colons, such as "roots" or "example.com:ca:roots"`},
		"usage":                 {`{"secretName":"a","usage":"serve"}`, `usage: "serve"` + usages + ` (did you mean "server"?)`},
		"null usage":            {`{"secretName":"a","usage":null}`, `usage: got null, want "server" or "client"`},
		"chain in quotes":       {`{"secretName":"a","requireChain":"true"}`, `requireChain: got a string, want true or false without quotes`},
		"allow what no one may": {`{"secretName":"a","allow":["Expired"]}`, `allow[0]: "Expired"` + reasons},
		"allow misspelled":      {`{"secretName":"a","allow":["WeakKey","weak-signature"]}`, `allow[1]: "weak-signature"` + reasons + ` (did you mean "WeakSignature"?)`},
		"allow too many":        {`{"secretName":"a","allow":["WeakKey","WeakKey","WeakKey","WeakKey","WeakKey","WeakKey"]}`, `allow: list has 6 items; at most 5 are allowed`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkError(t, annotated(RequirementsAnnotation, `[{"secretName":"first"},`+tt.item+`]`), list+"item 2: "+tt.want)
		})
	}
}
