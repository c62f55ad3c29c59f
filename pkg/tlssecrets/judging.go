// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"runtime"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tollgate-dev/tollgate/pkg/tlsready"
)

// maxJudged bounds the Secrets that are judged at a time, and with that the key bytes in memory.
const maxJudged = 8

// judgedAtATime is how many Secrets are judged at a time: a first list of many thousands takes the time that their signatures
// take, which one processor alone would make long, and while one Secret takes long others are judged.
func judgedAtATime() int { return max(2, min(maxJudged, runtime.GOMAXPROCS(0))) }

// judged is what the informer gets in place of a Secret: its facts, as an object of the API.
type judged struct {
	metav1.TypeMeta
	*tlsready.Facts
}

// DeepCopyObject returns the object itself: facts are immutable.
func (j *judged) DeepCopyObject() apiruntime.Object { return j }

// judge replaces a Secret by its facts and wipes the keys. A version that is known, as after a repeated list, is not parsed
// again, and of a deleted Secret nobody asks for facts. One that takes long is not checked here, where it would delay the
// news of all others: see lookups.
func (w *watcher) judge(secret *corev1.Secret, deleted bool) apiruntime.Object {
	facts := w.get(secret.Namespace, secret.Name)
	switch {
	case deleted:
		facts = &tlsready.Facts{ObjectMeta: metav1.ObjectMeta{
			Namespace: secret.Namespace, Name: secret.Name, UID: secret.UID, ResourceVersion: secret.ResourceVersion,
		}, Type: secret.Type}
	case facts == nil || facts.UID != secret.UID || facts.ResourceVersion != secret.ResourceVersion:
		facts = tlsready.InspectQuickly(secret)
	}
	wipe(secret)
	return &judged{Facts: facts}
}

// wipe clears everything but tls.crt of a Secret that nobody else has: Go does not clear the
// memory of what is no longer used, and keystores hold the key as well.
func wipe(secret *corev1.Secret) {
	for key, data := range secret.Data {
		if key != corev1.TLSCertKey {
			clear(data)
			delete(secret.Data, key)
		}
	}
}

// judgeList judges the Secrets of a list, several at a time.
func (w *watcher) judgeList(list *corev1.SecretList) *metainternalversion.List {
	out := &metainternalversion.List{ListMeta: list.ListMeta, Items: make([]apiruntime.Object, len(list.Items))}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(judgedAtATime(), len(list.Items)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list.Items); i = int(next.Add(1)) - 1 {
				out.Items[i] = w.convert(&list.Items[i], false)
			}
		})
	}
	wg.Wait()
	return out
}

// judgingWatch is a watch whose Secrets are judged, several at a time, and passed on in their order.
type judgingWatch struct {
	watch.Interface
	out  chan watch.Event
	done chan struct{} // closed by Stop
	stop sync.Once
}

// judgeEvents wraps a watch.
func (w *watcher) judgeEvents(events watch.Interface) watch.Interface {
	jw := &judgingWatch{Interface: events, out: make(chan watch.Event), done: make(chan struct{})}
	// A turn is taken by an event that is being judged: those in the channel, and the one that is delivered next.
	turns := make(chan chan watch.Event, judgedAtATime()-1)
	w.opened(jw)
	go func() {
		defer w.closed(jw)
		defer close(turns)
		for event := range events.ResultChan() {
			w.hear()
			turn := make(chan watch.Event, 1)
			select {
			case turns <- turn:
				go func() { turn <- w.judgeEvent(event) }()
			case <-jw.done:
				return
			}
		}
	}()
	go func() {
		defer close(jw.out)
		for turn := range turns {
			event := <-turn
			select {
			case jw.out <- event:
			case <-jw.done:
				return
			}
		}
	}()
	return jw
}

// judgeEvent leaves bookmarks and errors as they are.
func (w *watcher) judgeEvent(event watch.Event) watch.Event {
	if secret, ok := event.Object.(*corev1.Secret); ok && event.Type != watch.Bookmark {
		event.Object = w.convert(secret, event.Type == watch.Deleted)
	}
	return event
}

// ResultChan returns the judged events.
func (jw *judgingWatch) ResultChan() <-chan watch.Event { return jw.out }

// Stop ends the watch.
func (jw *judgingWatch) Stop() {
	jw.stop.Do(func() { close(jw.done) })
	jw.Interface.Stop()
}
