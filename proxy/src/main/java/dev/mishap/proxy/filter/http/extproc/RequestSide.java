package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import io.netty.buffer.ByteBuf;

/** The request on its way past the service. */
final class RequestSide extends Side {
    RequestSide(ExtProcFilter filter) {
        super(filter);
    }

    @Override
    boolean isRequest() {
        return true;
    }

    @Override
    void resume(HttpStream stream) {
        stream.resumeRequest(filter);
    }

    @Override
    void inject(HttpStream stream, ByteBuf transferred, boolean end) {
        stream.injectRequestData(filter, transferred, end);
    }

    @Override
    void pauseReads(HttpStream stream) {
        stream.pauseRequestReads();
    }

    @Override
    void resumeReads(HttpStream stream) {
        stream.resumeRequestReads();
    }

    @Override
    void tooLarge(HttpStream stream) {
        filter.endRequest();
        stream.sendLocalReply(LocalReply.of(413, "Payload Too Large", "request_payload_too_large"));
    }
}
