// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package deadlock

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Labels that Helm charts put on the IngressClass and on the pods of its controller alike.
const (
	nameLabel      = "app.kubernetes.io/name"
	instanceLabel  = "app.kubernetes.io/instance"
	componentLabel = "app.kubernetes.io/component"
)

// mark is a reason to believe that a pod serves a class.
type mark struct {
	// why, as part of a sentence about the pod.
	why string
	// namespace and selector find the pods with the same mark; an empty namespace means all.
	namespace string
	selector  map[string]string
}

// marksOfClass returns why the pod serves the class; none if it does not, as far as can be told.
func (in *Inputs) marksOfClass(class string, pod *corev1.Pod) []mark {
	if ofJob(pod) {
		return nil // such as the jobs of a Helm hook, which carry the chart's labels
	}
	var marks []mark
	object := in.classNamed(class)
	if object != nil && sameRelease(object.Labels, pod.Labels) {
		marks = append(marks, mark{
			why:      "has the labels of the IngressClass",
			selector: map[string]string{nameLabel: object.Labels[nameLabel], instanceLabel: object.Labels[instanceLabel]},
		})
	}
	if argument := namingArgument(class, object, pod); argument != "" {
		marks = append(marks, mark{why: "has argument " + argument, namespace: pod.Namespace, selector: stableLabels(pod.Labels)})
	}
	for i := range in.Services {
		s := &in.Services[i]
		if selects(s, pod) && in.leads(s, class) {
			marks = append(marks, mark{why: "is behind Service " + s.Name, namespace: s.Namespace, selector: s.Spec.Selector})
		}
	}
	return marks
}

// ofJob reports whether the pod runs to its end, so that it serves nothing.
func ofJob(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	return owner != nil && owner.Kind == "Job"
}

// sameRelease reports whether both belong to one release of a chart. A chart may have several
// components; where both say which, it must be the same.
func sameRelease(class, pod map[string]string) bool {
	if class[nameLabel] == "" || class[instanceLabel] == "" ||
		class[nameLabel] != pod[nameLabel] || class[instanceLabel] != pod[instanceLabel] {
		return false
	}
	a, b := class[componentLabel], pod[componentLabel]
	return a == "" || b == "" || a == b
}

// namingArgument returns the argument of a container that names the class or its controller, such as
// --ingress-class=nginx or --providers.kubernetesingress.ingressclass=traefik.
func namingArgument(class string, object *networkingv1.IngressClass, pod *corev1.Pod) string {
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		words := append(append([]string(nil), c.Command...), c.Args...)
		for j, word := range words {
			if !strings.HasPrefix(word, "-") {
				continue
			}
			flag, value, joined := strings.Cut(word, "=")
			if !joined && j+1 < len(words) && !strings.HasPrefix(words[j+1], "-") {
				value = words[j+1]
			}
			name := flagReplacer.Replace(strings.ToLower(flag))
			switch {
			case class != "" && value == class && (strings.HasSuffix(name, "ingressclass") || strings.HasSuffix(name, "ingressclassname")),
				object != nil && value != "" && value == object.Spec.Controller && strings.HasSuffix(name, "controllerclass"):
				return flag + "=" + value
			case class == "" && name == "watchingresswithoutclass" && value != "false":
				return flag
			}
		}
	}
	return ""
}

// flagReplacer leaves the letters and digits of a flag's name.
var flagReplacer = strings.NewReplacer("-", "", "_", "", ".", "")

// volatile are labels in which pods of one workload differ.
var volatile = []string{
	"pod-template-hash", "controller-revision-hash", "pod-template-generation",
	"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
	"helm.sh/chart", "app.kubernetes.io/version", "app.kubernetes.io/managed-by",
}

// stableLabels returns the labels that the other pods of the workload have, now or before its last change.
func stableLabels(all map[string]string) map[string]string {
	if all[nameLabel] != "" && all[instanceLabel] != "" {
		return map[string]string{nameLabel: all[nameLabel], instanceLabel: all[instanceLabel]}
	}
	stable := maps.Clone(all)
	for _, label := range volatile {
		delete(stable, label)
	}
	return stable
}

// selects reports whether the Service leads to pods like this one.
func selects(s *corev1.Service, pod *corev1.Pod) bool {
	return s.Namespace == pod.Namespace && len(s.Spec.Selector) > 0 &&
		labels.SelectorFromValidatedSet(s.Spec.Selector).Matches(labels.Set(pod.Labels))
}

// leads reports whether an Ingress of the class has an address of the Service in its status.
func (in *Inputs) leads(s *corev1.Service, class string) bool {
	if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return false
	}
	for i := range in.Ingresses {
		if classOf(&in.Ingresses[i]) == class && shareAddress(s.Status.LoadBalancer.Ingress, in.Ingresses[i].Status.LoadBalancer.Ingress) {
			return true
		}
	}
	return false
}

func shareAddress(service []corev1.LoadBalancerIngress, ingress []networkingv1.IngressLoadBalancerIngress) bool {
	for _, s := range service {
		for _, i := range ingress {
			if s.IP != "" && s.IP == i.IP || s.Hostname != "" && s.Hostname == i.Hostname {
				return true
			}
		}
	}
	return false
}

// legacyClassAnnotation names the class of an Ingress that predates spec.ingressClassName.
const legacyClassAnnotation = "kubernetes.io/ingress.class"

// classOf returns the class that the Ingress names; empty if it names none.
func classOf(i *networkingv1.Ingress) string {
	if i.Spec.IngressClassName != nil {
		return *i.Spec.IngressClassName
	}
	return i.Annotations[legacyClassAnnotation]
}
