package dev.mishap.proxy.http;

/** {@code local_reply_config}: changes local replies before they enter the response's filters. Immutable. */
public interface LocalReplyMapper {
    /** Changes nothing. */
    LocalReplyMapper NONE = (stream, reply) -> {};

    /** Rewrites {@code reply}, whose headers are those of the response except for content-length and content-type. */
    void rewrite(HttpStream stream, Reply reply);

    /** A local reply that is being made. */
    final class Reply {
        /** Status, 200..599. */
        public int status;
        /** Text of the body. */
        public String body;
        /** Content type of a body that is not empty. */
        public String contentType = "text/plain";
        /** Headers so far; {@code :status} follows {@link #status}. */
        public final HeaderMap headers;
        /** Whether the body becomes gRPC's message. */
        public final boolean grpc;

        Reply(int status, String body, HeaderMap headers, boolean grpc) {
            this.grpc = grpc;
            this.status = status;
            this.body = body;
            this.headers = headers;
        }
    }
}
