package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.http.HeaderMap;

/** What is told of a gRPC stream, on its loop. */
public interface GrpcCallbacks {
    /** The server's initial metadata; valid during the call. */
    default void onInitialMetadata(HeaderMap metadata) {}

    /** One message, encoded; the array is the callee's. */
    void onMessage(byte[] message);

    /** The stream is over, told once; not after {@link GrpcStream#reset}. */
    void onClose(GrpcStatus status);

    /** What is sent goes out again, after {@link GrpcStream#isWritable} was false. */
    default void onWritable() {}
}
