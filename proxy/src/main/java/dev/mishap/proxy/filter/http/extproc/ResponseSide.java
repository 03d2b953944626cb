package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import io.netty.buffer.ByteBuf;

/** The response on its way past the service. */
final class ResponseSide extends Side {
    ResponseSide(ExtProcFilter filter) {
        super(filter);
    }

    @Override
    boolean isRequest() {
        return false;
    }

    @Override
    void resume(HttpStream stream) {
        stream.resumeResponse(filter);
    }

    @Override
    void inject(HttpStream stream, ByteBuf transferred, boolean end) {
        stream.injectResponseData(filter, transferred, end);
    }

    @Override
    void pauseReads(HttpStream stream) {
        stream.pauseResponseReads();
    }

    @Override
    void resumeReads(HttpStream stream) {
        stream.resumeResponseReads();
    }

    @Override
    void tooLarge(HttpStream stream) {
        boolean held = isHeld();
        filter.giveUp();
        LocalReply reply = LocalReply.of(500, "Internal Server Error", "response_payload_too_large");
        if (held) {
            stream.replaceResponse(reply);
        } else {
            stream.sendLocalReply(reply);
        }
    }
}
