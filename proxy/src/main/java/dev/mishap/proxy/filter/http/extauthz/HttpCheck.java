package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.filter.http.extauthz.Answer.Change;
import dev.mishap.proxy.filter.http.extauthz.Answer.How;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.route.match.HeaderNames;
import dev.mishap.proxy.upstream.client.AsyncFailure;
import dev.mishap.proxy.upstream.client.AsyncHttpCall;
import dev.mishap.proxy.upstream.client.AsyncHttpCallbacks;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks an HTTP service: 200 lets the request pass, 5xx is an error, anything else refuses it. */
final class HttpCheck implements Check, AsyncHttpCallbacks {
    private static final HeaderName LOCATION = HeaderName.LOCATION;
    private static final HeaderName AUTHENTICATE = HeaderName.of("www-authenticate");
    private static final HeaderName SERVICE_TIME = HeaderName.of("x-envoy-upstream-service-time");

    private final ExtAuthzConfig config;
    private final ExtAuthzConfig.Service service;
    private final AsyncHttpClient client;
    private @Nullable Asker asker;
    private @Nullable AsyncHttpCall call;
    private @Nullable HttpStream about;
    private long askedNanos;

    HttpCheck(ExtAuthzConfig config, ExtAuthzConfig.Service service, AsyncHttpClient client) {
        this.config = config;
        this.service = service;
        this.client = client;
    }

    @Override
    public void ask(HttpStream stream, Question question, Asker who) {
        asker = who;
        about = stream;
        askedNanos = stream.nanoTime();
        call = client.sendAnonymously(
                service.cluster(),
                stream.loop(),
                HttpCheckRequest.of(config, service, stream.requestHeaders(), question),
                this);
    }

    @Override
    public void cancel() {
        asker = null;
        AsyncHttpCall pending = call;
        if (pending != null) {
            pending.cancel();
        }
    }

    private @Nullable Asker take() {
        Asker who = asker;
        asker = null;
        return who;
    }

    @Override
    public void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody) {
        Asker who = take();
        HttpStream stream = about;
        if (who == null || stream == null) {
            return;
        }
        // Envoy's own requests pass through its router, which tells this of every response; so a client may see it.
        headers.set(SERVICE_TIME, Long.toString((stream.nanoTime() - askedNanos) / 1_000_000));
        if (status >= 500) {
            who.onError();
        } else if (status == 200) {
            who.onAnswer(allowed(headers));
        } else {
            who.onAnswer(
                    Answer.denied(status, borrowedBody.toString(StandardCharsets.UTF_8), denied(headers), Map.of()));
        }
    }

    @Override
    public void onFailure(AsyncFailure failure) {
        Asker who = take();
        if (who != null) {
            who.onError();
        }
    }

    private Answer allowed(HeaderMap answer) {
        List<Change> request = new ArrayList<>();
        List<Change> response = new ArrayList<>();
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (int i = 0; i < answer.size(); i++) {
            if (answer.isPseudo(i)) {
                continue;
            }
            String name = answer.name(i);
            String value = answer.value(i);
            if (service.upstream().contain(name)) {
                request.add(new Change(name, value, How.SET));
            }
            if (service.upstreamAppended().contain(name)) {
                request.add(new Change(name, value, How.ADD));
            }
            if (service.clientOnSuccess().contain(name)) {
                response.add(new Change(name, value, How.ADD));
            }
            if (service.metadata().contain(name)) {
                metadata.put(name, value);
            }
        }
        return new Answer(true, 200, "", request, List.of(), response, List.of(), List.of(), metadata);
    }

    private List<Change> denied(HeaderMap answer) {
        List<Change> kept = new ArrayList<>();
        HeaderNames client = service.client();
        for (int i = 0; i < answer.size(); i++) {
            boolean always = answer.isNamed(i, LOCATION) || answer.isNamed(i, AUTHENTICATE);
            if (!answer.isPseudo(i) && (always || !client.given() || client.contain(answer.name(i)))) {
                kept.add(new Change(answer.name(i), answer.value(i), How.ADD));
            }
        }
        return kept;
    }
}
