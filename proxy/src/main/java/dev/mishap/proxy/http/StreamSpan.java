package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/** The span of one downstream request. Confined to the stream's loop; ended once, with the stream. */
public interface StreamSpan {
    /** {@code %TRACE_ID%}. */
    String traceId();

    /** {@code %SPAN_ID%}; null when the tracer does not tell, as Envoy's Zipkin does not. */
    @Nullable
    String spanId();

    /** Whether the request is traced; one that isn't has a span nevertheless, to pass that on. */
    boolean sampled();

    /** Writes what the upstream is to know of this span into a request. */
    void inject(HeaderMap request);

    /**
     * A try of the request, when tries have spans of their own.
     *
     * @param endpoint its address
     * @param count 1 for the first
     * @param always whether it has a span even though the tracing's own configuration does not say so
     */
    @Nullable
    AttemptSpan attempt(StreamInfo info, String endpoint, int count, boolean always);

    /** The response's headers are about to go downstream: tells, or learns, the operation's name. */
    void onResponse(HeaderMap response);

    /** The stream is over. */
    void finish(HttpStream stream);

    /** The span of one try of a request upstream. */
    interface AttemptSpan {
        /** Writes what the upstream is to know of this span into a request. */
        void inject(HeaderMap request);

        /** A connection is there. */
        void connected(String protocol);

        void response(int status);

        /**
         * The try is over.
         *
         * @param failure why there is no complete response, or null
         * @param flag what that will be in the request's flags, or null
         */
        void finish(HttpStream stream, @Nullable String failure, @Nullable ResponseFlag flag);
    }
}
