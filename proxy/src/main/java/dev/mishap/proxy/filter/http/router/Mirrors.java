package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.MirrorPolicy;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The copies of one request that go to mirror clusters. */
final class Mirrors {
    private final List<Shadow> shadows = new ArrayList<>(1);

    private Mirrors() {}

    /** Starts the copies that the route asks for; null when there are none. */
    static @Nullable Mirrors start(Call call, HeaderMap headers, boolean end) {
        Mirrors mirrors = null;
        List<MirrorPolicy> policies = call.action().mirrors();
        for (int i = 0; i < policies.size(); i++) {
            Cluster target = target(call, policies.get(i), headers);
            if (target == null) {
                continue;
            }
            Shadow shadow = new Shadow(
                    call.loop(),
                    call.loop().pools(target),
                    headers,
                    policies.get(i),
                    call.stream(),
                    call.stream().loop());
            if (mirrors == null) {
                mirrors = new Mirrors();
            }
            mirrors.shadows.add(shadow);
            shadow.start(end, call.timeouts().globalNanos);
        }
        return mirrors;
    }

    private static @Nullable Cluster target(Call call, MirrorPolicy policy, HeaderMap headers) {
        HeaderName byHeader = policy.clusterHeader();
        String name = byHeader == null ? policy.cluster() : headers.get(byHeader);
        Cluster target = name == null ? null : call.config().clusters.get(name);
        boolean chosen = policy.fraction() == null
                || policy.fraction()
                        .includes(call.stream().runtime(), call.loop().random());
        return chosen ? target : null;
    }

    void data(ByteBuf borrowed, boolean end) {
        for (int i = 0; i < shadows.size(); i++) {
            shadows.get(i).data(borrowed.retainedDuplicate(), end);
        }
    }

    void trailers() {
        shadows.forEach(Shadow::trailers);
    }

    void requestOver() {
        shadows.forEach(Shadow::requestOver);
    }
}
