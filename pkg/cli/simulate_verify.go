// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/pkg/cli/ui"
	"github.com/tollgate-dev/tollgate/pkg/simulator/bound"
)

// VerifySchema names the fields of VerifyReport.
const VerifySchema = "tollgate.dev/simulate-verify/v1"

// VerifyReport is the JSON of kubectl tollgate simulate verify. There is one
// only for certificates whose proofs hold.
type VerifyReport struct {
	// Schema is VerifySchema.
	Schema string `json:"schema"`
	// Currency is the ISO 4217 code of all amounts.
	Currency string `json:"currency"`
	// Workload is the name of what is bounded, of so many pods and pools.
	Workload string `json:"workload"`
	Pods     int    `json:"pods"`
	Pools    int    `json:"pools"`
	// MicroDollars is the highest bound that is proven, rounded down to
	// millionths of a dollar.
	MicroDollars int64 `json:"microDollars"`
	// MaxWaitSeconds and the rest are what proofs may assume.
	MaxWaitSeconds    float64 `json:"maxWaitSeconds"`
	BootSeconds       float64 `json:"bootSeconds"`
	EmptyDelaySeconds float64 `json:"emptyDelaySeconds"`
	Evictions         bool    `json:"evictions"`
	// Proofs have all been checked.
	Proofs []VerifyProof `json:"proofs"`
}

// VerifyProof is one of the proofs.
type VerifyProof struct {
	Name string `json:"name"`
	// Assumes is Nothing, MaxWait or Lifecycle.
	Assumes string `json:"assumes"`
	// Dollars is exact to six decimals.
	Dollars string `json:"dollars"`
}

func newVerifyCommand(env Env) *cobra.Command {
	output := "table"
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check the proof of a lower bound that simulate --certificate wrote",
		Long: "Work out anew, in exact arithmetic, what each proof of a certificate proves, from the pods, pools and weights\n" +
			"that it holds. The search that found the weights need not be trusted. The exit code is 1 if any proof fails.",
		Example: example(env, "Write a certificate and check it", "simulate trace.csv --certificate bound.json.gz && kubectl tollgate simulate verify bound.json.gz"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return ui.WithHint(fmt.Errorf("verify takes one file"), "simulate --certificate FILE writes it")
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("output", output, verifyOutputs); err != nil {
				return err
			}
			r, err := verify(env.In, args[0])
			if err != nil {
				return err
			}
			switch output {
			case "json":
				return ui.WriteJSON(env.Out, r)
			case "yaml":
				return ui.WriteYAML(env.Out, r)
			}
			return r.writeTable(env.Out)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", output, "table, json or yaml")
	complete(cmd, "output", fixed(verifyOutputs))
	return cmd
}

var verifyOutputs = []string{"table", "json", "yaml"}

// verify reads the file once, so that what is checked is what is told.
func verify(stdin io.Reader, path string) (*VerifyReport, error) {
	var data []byte
	var err error
	if path == "-" {
		data, err = io.ReadAll(stdin)
	} else {
		data, err = os.ReadFile(path)
	}
	const hint = "simulate --certificate FILE writes it"
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("reading certificate: %w", err), hint)
	}
	c, err := bound.Read(bytes.NewReader(data))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ui.WithHint(fmt.Errorf("reading certificate: %s ends within the certificate: the rest of the file is missing", path), hint)
	case errors.Is(err, io.EOF):
		return nil, ui.WithHint(fmt.Errorf("reading certificate: %s is empty", path), hint)
	case err != nil:
		return nil, ui.WithHint(fmt.Errorf("%s: %w", path, err), hint)
	}
	dollars, err := bound.Verify(bytes.NewReader(data))
	if err != nil {
		return nil, ui.WithHint(fmt.Errorf("%s proves nothing: %w", path, err), "it was changed or is of another version; compute it anew with simulate --certificate FILE")
	}
	r := &VerifyReport{
		Schema: VerifySchema, Currency: Currency, Workload: c.Workload, Pools: len(c.Pools), MicroDollars: floorMicroDollars(dollars),
		MaxWaitSeconds: time.Duration(c.World.MaxWait).Seconds(), BootSeconds: time.Duration(c.World.Boot).Seconds(),
		EmptyDelaySeconds: time.Duration(c.World.EmptyDelay).Seconds(), Evictions: c.World.Evictions,
	}
	for _, class := range c.Classes {
		r.Pods += len(class.Pods)
	}
	for _, p := range c.Proofs {
		r.Proofs = append(r.Proofs, VerifyProof{Name: p.Name, Assumes: string(p.Assumes), Dollars: p.Dollars})
	}
	return r, nil
}

func floorMicroDollars(dollars *big.Rat) int64 {
	micro := new(big.Rat).Mul(dollars, big.NewRat(1_000_000, 1))
	return new(big.Int).Div(micro.Num(), micro.Denom()).Int64()
}

func (r *VerifyReport) writeTable(w io.Writer) error {
	t := ui.Table{Columns: []ui.Column{{Name: "PROOF"}, {Name: "DOLLARS", Right: true}, {Name: "ASSUMES"}}}
	for _, p := range r.Proofs {
		t.Rows = append(t.Rows, []string{p.Name, "$" + p.Dollars, r.assumes(bound.Assumption(p.Assumes))})
	}
	if err := t.Write(w, false); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nAll proofs hold: %s of %s on %s cost at least %s.\n", plural(r.Pods, "pod", "pods"), r.Workload,
		plural(r.Pools, "node pool", "node pools"), monthlyDown(r.MicroDollars))
	return wrap("writing the table", err)
}

func (r *VerifyReport) assumes(a bound.Assumption) string {
	switch a {
	case bound.AssumesMaxWait:
		return fmt.Sprintf("no pod ends more than %s late", secondsDown(r.MaxWaitSeconds))
	case bound.AssumesLifecycle:
		return fmt.Sprintf("that, no pod is interrupted, nodes boot in %s and stay %s empty", seconds(r.BootSeconds), seconds(r.EmptyDelaySeconds))
	default:
		return "nothing but that each pod runs in full"
	}
}
