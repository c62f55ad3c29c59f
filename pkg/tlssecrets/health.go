// Copyright The Tollgate Authors.
// SPDX-License-Identifier: Apache-2.0

package tlssecrets

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"
)

// What is cached gets old where nothing comes from the API server any more, though the process knows nothing better. It is
// looked at in turns, and a number of turns in a row without a word is too many: a clock that jumps is one turn.
const (
	listenInterval = 30 * time.Second
	// maxDeaf is the turns for which no watch is open, together five minutes, until what is cached counts as old. An API server
	// takes less to restart.
	maxDeaf = 10
	// maxSilent is the turns for which a watch is open and says nothing, together 15 minutes, until another takes its place. An
	// API server sends a bookmark every minute, and one that sends none ends a watch after ten minutes at most.
	maxSilent = 30
)

// health is what is known about the informer itself.
type health struct {
	synced    bool
	forbidden error // set while the API server refuses list or watch
	last      error // why the last list or watch failed; nil if it did not
	stale     error // set while nothing has come from the API server for too long
}

// hear takes note of a word from the API server.
func (w *watcher) hear() {
	w.heard.Store(true)
}

// opened and closed take note of the watch. Until it was closed the API server was there.
func (w *watcher) opened(jw *judgingWatch) {
	w.open.Store(jw)
	w.hear()
}

func (w *watcher) closed(jw *judgingWatch) {
	w.open.CompareAndSwap(jw, nil)
	w.hear()
}

// listen looks in turns whether there is a word from the API server, until ctx ends.
func (w *watcher) listen(ctx context.Context) {
	ticker := w.clock.NewTicker(listenInterval)
	defer ticker.Stop()
	last, quiet := w.clock.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		if w.heard.Swap(false) {
			last, quiet = w.clock.Now(), 0
		} else {
			quiet++
		}
		jw := w.open.Load()
		if jw != nil && quiet >= maxSilent {
			jw.Stop() // The informer begins another.
		}
		w.setStale(ctx, last, jw == nil && quiet >= maxDeaf)
	}
}

// setStale closes the gate, or opens it again.
func (w *watcher) setStale(ctx context.Context, heard time.Time, stale bool) {
	changed := false
	w.update(func(h *health) {
		stale = stale && h.synced
		if changed = (h.stale != nil) != stale; !changed {
			return
		}
		h.stale = nil
		if stale {
			h.stale = staleError(heard, h.last)
		}
	})
	if !changed {
		return
	}
	if stale {
		klog.FromContext(ctx).Error(w.health.Load().stale, "Pods that declare TLS Secrets are held", "namespace", w.namespace)
	} else {
		klog.FromContext(ctx).Info("The API server sends TLS Secrets again", "namespace", w.namespace)
	}
	w.notify(w.namespace, "")
}

// record takes note of an error of the informer, or of a watch that was accepted. A
// refusal closes the gate even if the Secrets were listed before, since what is cached
// gets old. Other errors after the first list are the reflector's to retry.
func (w *watcher) record(ctx context.Context, doing string, err error) {
	logger := klog.FromContext(ctx)
	changed := false
	w.update(func(h *health) {
		switch {
		case err == nil:
			changed = h.forbidden != nil
			h.forbidden, h.last = nil, nil
		case apierrors.IsForbidden(err):
			w.hear() // that is a word, too
			// A refused watch is followed by a refused list, which is the better message.
			refusal := forbiddenError(doing, err)
			if h.forbidden == nil || doing == "listing" && h.forbidden.Error() != refusal.Error() {
				h.forbidden, changed = refusal, true
			}
		case !h.synced:
			h.last = fmt.Errorf("%s secrets: %w", doing, err)
			logger.V(2).Info("Failed to read the TLS Secrets, retrying", "namespace", w.namespace, "err", h.last)
		default:
			h.last = fmt.Errorf("%s secrets: %w", doing, err)
			logger.V(4).Info("Lost the watch of the TLS Secrets, retrying", "namespace", w.namespace, "err", err)
		}
	})
	if !changed {
		return
	}
	if forbidden := w.health.Load().forbidden; forbidden != nil {
		logger.Error(forbidden, "Pods that declare TLS Secrets are held", "namespace", w.namespace)
	} else {
		logger.Info("Permission to read the TLS Secrets was granted", "namespace", w.namespace)
	}
	w.notify(w.namespace, "")
}

func (w *watcher) update(change func(*health)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := *w.health.Load()
	change(&next)
	w.health.Store(&next)
}

func (w *watcher) status() error {
	h := w.health.Load()
	switch {
	case h.forbidden != nil:
		return h.forbidden
	case h.synced:
		return h.stale
	case h.last != nil:
		return fmt.Errorf("waiting for the first list of TLS Secrets: %w", h.last)
	}
	return errNotListed
}
