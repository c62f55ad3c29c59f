// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// completionTimeout is how long a shell waits for the cluster.
const completionTimeout = 3 * time.Second

// noFiles is for arguments and flags whose values are not files.
const noFiles = cobra.ShellCompDirectiveNoFileComp

// addCompletion completes --namespace and --context.
func (i *input) addCompletion(cmd *cobra.Command) {
	if i.config.Namespace != nil {
		complete(cmd, "namespace", i.namespaces)
	}
	complete(cmd, "context", i.contexts)
}

func (i *input) namespaces(cmd *cobra.Command) []string {
	client, err := i.client()
	if err != nil {
		return nil
	}
	list, err := client.CoreV1().Namespaces().List(cmd.Context(), listQuickly())
	if err != nil {
		return nil
	}
	var names []string
	for j := range list.Items {
		names = append(names, list.Items[j].Name)
	}
	return names
}

func (i *input) contexts(*cobra.Command) []string {
	raw, err := i.config.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(raw.Contexts))
}

// completeNodes returns the names of the nodes that begin like the word.
func (i *input) completeNodes(cmd *cobra.Command, given []string, word string) ([]string, cobra.ShellCompDirective) {
	client, err := i.client()
	if err != nil {
		return nil, noFiles
	}
	list, err := client.CoreV1().Nodes().List(cmd.Context(), listQuickly())
	if err != nil {
		return nil, noFiles
	}
	var names []string
	for j := range list.Items {
		names = append(names, list.Items[j].Name)
	}
	return startingWith(without(names, given), word), noFiles
}

// completePods returns the pods of the namespace that begin like the word.
func (i *input) completePods(cmd *cobra.Command, given []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(given) > 0 {
		return nil, noFiles
	}
	client, err := i.client()
	if err != nil {
		return nil, noFiles
	}
	namespace, err := i.namespace()
	if err != nil {
		return nil, noFiles
	}
	list, err := client.CoreV1().Pods(namespace).List(cmd.Context(), listQuickly())
	if err != nil {
		return nil, noFiles
	}
	var names []string
	for j := range list.Items {
		names = append(names, "pod/"+list.Items[j].Name)
	}
	return startingWith(names, word), noFiles
}

// listQuickly lists from the API server's cache, and gives up soon.
func listQuickly() metav1.ListOptions {
	seconds := int64(completionTimeout / time.Second)
	return metav1.ListOptions{ResourceVersion: "0", TimeoutSeconds: &seconds}
}

// complete registers the values of a flag. An unknown flag is a fault of the
// program, found by every test.
func complete(cmd *cobra.Command, flag string, values func(*cobra.Command) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return startingWith(values(cmd), word), noFiles
	})
	if err != nil {
		panic(err)
	}
}

// fixed completes a flag that has a few values.
func fixed(values []string) func(*cobra.Command) []string {
	return func(*cobra.Command) []string { return values }
}

func startingWith(names []string, word string) []string {
	var matching []string
	for _, name := range names {
		if strings.HasPrefix(name, word) {
			matching = append(matching, name)
		}
	}
	return matching
}

func without(names, given []string) []string {
	there := map[string]bool{}
	for _, name := range given {
		there[name] = true
	}
	var rest []string
	for _, name := range names {
		if !there[name] {
			rest = append(rest, name)
		}
	}
	return rest
}
