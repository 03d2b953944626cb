package dev.mishap.proxy.filter.http.admissioncontrol;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseHeaders;

/**
 * Refuses a request, or lets it go on and counts how it went. What was refused here does not count, so that the refusals end when
 * the upstream is well again; a request that has no response counts neither.
 */
final class AdmissionControlFilter implements HttpFilter {
    private final AdmissionControlConfig config;
    private boolean records = true;
    private boolean awaitsGrpcStatus;

    AdmissionControlFilter(AdmissionControlConfig config) {
        this.config = config;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (!config.enabled().on(stream.runtime()) || stream.info().healthCheck) {
            records = false;
            return Flow.CONTINUE;
        }
        History history = config.history().get(stream.loop());
        if (config.refuses(history, stream.runtime(), stream.nanoTime())) {
            records = false;
            config.rejected().inc();
            stream.sendLocalReply(LocalReply.of(503, "", "denied_by_admission_control"));
            return Flow.PAUSE;
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (records) {
            String status = headers.get(HeaderName.GRPC_STATUS);
            if (!ResponseHeaders.isGrpc(headers, endStream)) {
                record(stream, config.criteria().ofHttp(ResponseHeaders.status(headers)));
            } else if (status != null) {
                record(stream, config.criteria().ofGrpc(status));
            } else {
                awaitsGrpcStatus = true;
            }
        }
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        if (records && awaitsGrpcStatus) {
            String status = trailers.get(HeaderName.GRPC_STATUS);
            record(stream, status != null && config.criteria().ofGrpc(status));
        }
        return Flow.CONTINUE;
    }

    private void record(HttpStream stream, boolean success) {
        (success ? config.success() : config.failure()).inc();
        config.history().get(stream.loop()).record(success, stream.nanoTime());
    }
}
