package dev.mishap.control.xds.rest;

import dev.mishap.control.xds.Peer;
import java.nio.ByteBuffer;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.Invocable;

/** The paths of {@link RestDiscovery} on a Jetty server; leaves all others to the next handler. */
public final class RestDiscoveryHandler extends Handler.Abstract {
    /** An Envoy's node in JSON is some 110 KB. */
    private static final int MAX_BODY = 4 << 20;

    private final RestDiscovery discovery;

    public RestDiscoveryHandler(RestDiscovery discovery) {
        this.discovery = discovery;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        String path = Request.getPathInContext(request);
        if (RestDiscovery.typeOf(path) == null) {
            return false;
        }
        if (!"POST".equals(request.getMethod())) {
            response.getHeaders().put(HttpHeader.ALLOW, "POST");
            Response.writeError(request, response, callback, 405);
            return true;
        }
        if (request.getLength() > MAX_BODY) {
            Response.writeError(request, response, callback, 413);
            return true;
        }
        Content.Source.asByteArrayAsync(
                request, MAX_BODY, Promise.Invocable.from(Invocable.InvocationType.NON_BLOCKING, (bytes, failure) -> {
                    if (failure != null) {
                        Response.writeError(request, response, callback, 400);
                    } else {
                        answer(path, bytes, request, response, callback);
                    }
                }));
        return true;
    }

    private void answer(String path, byte[] body, Request request, Response response, Callback callback) {
        try {
            RestDiscovery.Reply reply = discovery.answer(path, body, peer(request));
            response.setStatus(reply.status());
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, reply.contentType());
            response.write(true, ByteBuffer.wrap(reply.body()), callback);
        } catch (RuntimeException e) {
            callback.failed(e);
        }
    }

    private static Peer peer(Request request) {
        EndPoint.SslSessionData tls = (EndPoint.SslSessionData) request.getAttribute(EndPoint.SslSessionData.ATTRIBUTE);
        X509Certificate[] chain = tls == null ? null : tls.peerCertificates();
        List<Certificate> certificates = chain == null ? List.of() : List.of((Certificate[]) chain);
        return new Peer(request.getConnectionMetaData().getRemoteSocketAddress(), certificates);
    }
}
