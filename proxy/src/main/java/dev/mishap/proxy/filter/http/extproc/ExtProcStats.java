package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;

/** {@code http.<stat_prefix>.ext_proc.[<stat_prefix>.]*}. */
final class ExtProcStats {
    final Counter streamsStarted;
    final Counter messagesSent;
    final Counter messagesReceived;
    final Counter spurious;
    final Counter streamsClosed;
    final Counter streamsFailed;
    final Counter failureModeAllowed;
    final Counter messageTimeouts;
    final Counter rejectedHeaderMutations;
    final Counter clearRouteCacheIgnored;
    final Counter clearRouteCacheDisabled;
    final Counter overrideTimeoutReceived;
    final Counter overrideTimeoutIgnored;
    final Counter immediateResponses;
    final Counter serverHalfClosed;

    ExtProcStats(Scope connectionManager, String prefix) {
        Scope scope = connectionManager.scope(prefix.isEmpty() ? "ext_proc." : "ext_proc." + prefix + '.');
        streamsStarted = scope.counter("streams_started");
        messagesSent = scope.counter("stream_msgs_sent");
        messagesReceived = scope.counter("stream_msgs_received");
        spurious = scope.counter("spurious_msgs_received");
        streamsClosed = scope.counter("streams_closed");
        streamsFailed = scope.counter("streams_failed");
        failureModeAllowed = scope.counter("failure_mode_allowed");
        messageTimeouts = scope.counter("message_timeouts");
        rejectedHeaderMutations = scope.counter("rejected_header_mutations");
        clearRouteCacheIgnored = scope.counter("clear_route_cache_ignored");
        clearRouteCacheDisabled = scope.counter("clear_route_cache_disabled");
        overrideTimeoutReceived = scope.counter("override_message_timeout_received");
        overrideTimeoutIgnored = scope.counter("override_message_timeout_ignored");
        immediateResponses = scope.counter("immediate_responses_sent");
        serverHalfClosed = scope.counter("server_half_closed");
        // Of what is not done here; they are shown, as in Envoy.
        scope.counter("clear_route_cache_upstream_ignored");
        scope.counter("send_immediate_resp_upstream_ignored");
        scope.counter("http_not_ok_resp_received");
    }
}
