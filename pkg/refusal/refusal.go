// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package refusal reads what the API server says when it forbids something. It is pure.
package refusal

import (
	"regexp"
	"strconv"

	"github.com/tollgate-dev/tollgate/pkg/text"
)

// maxUser bounds what is repeated of a user's name, in bytes.
const maxUser = 253

var (
	anyUser        = regexp.MustCompile(`User "([^"]+)"`)
	serviceAccount = regexp.MustCompile(`^system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)$`)
)

// Who returns, fit for a message, whom a refusal such as `secrets is forbidden: User "..." cannot list ...` is about: a
// ServiceAccount as namespace/name, else the user in quotes; "" if it names nobody.
func Who(message string) string {
	user := anyUser.FindStringSubmatch(message)
	if user == nil {
		return ""
	}
	if m := serviceAccount.FindStringSubmatch(user[1]); m != nil {
		return text.Clip("ServiceAccount "+m[1]+"/"+m[2], maxUser)
	}
	return "user " + strconv.Quote(text.Clip(user[1], maxUser))
}
