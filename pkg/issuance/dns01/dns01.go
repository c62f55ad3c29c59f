// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package dns01

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"k8s.io/utils/clock"

	"github.com/tollgate-dev/tollgate/pkg/apis/v1alpha1"
)

const (
	// DefaultTTL is the TTL of a Record that has none.
	DefaultTTL = time.Minute
	// DefaultTimeout is for one update of a name server or one request to a webhook.
	DefaultTimeout = 30 * time.Second
	// DefaultExecTimeout is for one run of a plugin: the APIs of some DNS providers take long.
	DefaultExecTimeout = 2 * time.Minute
)

// Solver puts TXT records into DNS. Both methods may be called again after success or failure.
type Solver interface {
	// Present makes the value one of those at the name. The others stay.
	Present(ctx context.Context, r Record) error
	// CleanUp removes the value from the name. The others stay, and a value that is not there is no error.
	CleanUp(ctx context.Context, r Record) error
}

// Stateful is a Solver that needs something of Present again at CleanUp, such as the number that a DNS service gave a record.
type Stateful interface {
	// PresentState is Solver.Present; state goes into Record.State for CleanUp. It holds no secrets and at most 4 KiB.
	PresentState(ctx context.Context, r Record) (state string, err error)
}

// Options of New.
type Options struct {
	// Secret reads a key of a Secret. It is asked for each record, so that a new version counts at once.
	Secret func(ctx context.Context, ref v1alpha1.SecretKeyReference) ([]byte, error)
	// Resolver connects to name servers.
	Resolver Resolver
	// Timeout of one update or request. Default: DefaultTimeout.
	Timeout time.Duration
	// Clock that updates are signed by. Default: the real one.
	Clock clock.PassiveClock

	// AllowExec permits plugins. For CertIssuers a flag of the controller should decide: a plugin runs beside the controller.
	AllowExec bool
	// PluginDir is the only folder whose files are run. Empty: there are no plugins.
	PluginDir string
	// WorkDir is where each run gets an empty working directory. Default: that for temporary files.
	WorkDir string
	// ExecTimeout of one run. Default: DefaultExecTimeout.
	ExecTimeout time.Duration
	// RunAs is the identity of plugins. Only a controller with the capabilities SETUID, SETGID and KILL can change it.
	// Default: the controller's if that is not root, else Nobody.
	RunAs *RunAs
	// SharedUser permits plugins that have the controller's own identity. They can then read its ServiceAccount token.
	SharedUser bool
	// TokenPath is the file that plugins must not be able to read. Default: the ServiceAccount token of the pod.
	TokenPath string
}

// New returns the solver that spec describes. What is wrong with spec is an error; name servers, webhooks and Secrets are
// first used by the solver's methods.
func New(spec *v1alpha1.DNS01Solver, o Options) (Solver, error) {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.ExecTimeout <= 0 {
		o.ExecTimeout = DefaultExecTimeout
	}
	var s Solver
	var err error
	switch {
	case spec == nil:
		return nil, mark(ErrConfiguration, errors.New("choosing the dns01 solver: there is none; set rfc2136, webhook or exec"))
	case spec.RFC2136 != nil:
		s, err = newRFC2136(spec.RFC2136, o)
	case spec.Webhook != nil:
		s, err = newWebhook(spec.Webhook, o)
	case spec.Exec != nil:
		s, err = newExec(spec.Exec, o)
	default:
		return nil, mark(ErrConfiguration, errors.New("choosing the dns01 solver: it is empty; set rfc2136, webhook or exec"))
	}
	if err != nil {
		return nil, err
	}
	return checked{s}, nil
}

// Value is the value of the TXT record for a key authorization: its SHA-256 in base64url without padding (RFC 8555 section 8.4).
func Value(keyAuthorization string) string {
	sum := sha256.Sum256([]byte(keyAuthorization))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
