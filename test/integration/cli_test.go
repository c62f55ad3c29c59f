// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/tollgate-dev/tollgate/pkg/cli"
)

// kubectl runs kubectl tollgate with the administrator's kubeconfig.
func (s *space) kubectl(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	var out, errOut bytes.Buffer
	env := cli.Env{IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, Name: "kubectl-tollgate"}
	code = cli.Run(s.t.Context(), env, append(args, "--kubeconfig", s.sb.Kubeconfig()))
	return out.String(), errOut.String(), code
}

// What kubectl tollgate says about a pod is what the scheduler did with it.
func TestExplainAgreesWithTheScheduler(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("large", price("0.40"), cores("16"), memory("64Gi")), fakeNode("small", price("0.15")),
		fakeNode("tiny", price("0.01"), cores("1"), memory("512Mi")), fakeNode("named", awsType("m6i.xlarge")))
	s.create(workload("first"), workload("second"))
	for _, name := range []string{"first", "second"} {
		node := s.waitBound(name)
		stdout, stderr, code := s.kubectl("explain", "pod/"+name, "-n", s.ns, "-o", "json")
		if code != 0 {
			t.Fatalf("explain: exit code %d\n%s", code, stderr)
		}
		var report cli.ExplainReport
		if err := json.Unmarshal([]byte(stdout), &report); err != nil {
			t.Fatalf("reading what explain printed: %v\n%s", err, stdout)
		}
		if report.Fitting != 3 || !slices.Contains(report.Best, s.ns+"-"+node) {
			t.Errorf("pod %s is on %s; explain says %d nodes fit, the best are %v: %s", name, node, report.Fitting, report.Best, report.Outcome)
		}
		i := slices.IndexFunc(report.Nodes, func(r cli.ExplainRow) bool { return r.Name == s.ns+"-tiny" })
		if i < 0 || report.Nodes[i].Plugin != "NodeResourcesFit" {
			t.Errorf("explain does not say that tiny is too small: %s", stdout)
		}
	}
}

func TestNodesShowsPrices(t *testing.T) {
	s := shared.space(t)
	s.create(fakeNode("annotated", price("0.40")), fakeNode("named", awsType("m6i.xlarge")))
	s.create(workload("pod", scheduler("tollgate-node-price")))
	s.waitBound("pod")
	stdout, stderr, code := s.kubectl("nodes", "-l", spaceLabel+"="+s.ns, "-o", "json")
	if code != 0 {
		t.Fatalf("nodes: exit code %d\n%s", code, stderr)
	}
	var report cli.NodesReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("reading what nodes printed: %v\n%s", err, stdout)
	}
	// m6i.xlarge is $0.192 in us-east-1, and the pod has one of its four cores: a quarter.
	if len(report.Nodes) != 2 || report.Total.HourlyPriceMicroDollars != 592_000 || report.Total.HourlyIdleMicroDollars != 400_000+144_000 {
		t.Errorf("total %+v of %d nodes, want $0.592 with $0.544 idle\n%s", report.Total, len(report.Nodes), stdout)
	}
}
