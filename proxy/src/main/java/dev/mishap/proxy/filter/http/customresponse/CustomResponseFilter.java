package dev.mishap.proxy.filter.http.customresponse;

import dev.mishap.proxy.filter.common.matching.RequestFacts;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks for a policy at the most specific level that has one for the response, and answers by it. */
final class CustomResponseFilter implements HttpFilter {
    private final String name;
    private final CustomResponseExtension.Policies own;

    CustomResponseFilter(String name, CustomResponseExtension.Policies own) {
        this.name = name;
        this.own = own;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        LocalResponsePolicy policy = find(stream);
        if (policy == null) {
            return Flow.CONTINUE;
        }
        stream.replaceResponse(policy.replyFor(stream, headers));
        return Flow.PAUSE;
    }

    private @Nullable LocalResponsePolicy find(HttpStream stream) {
        RequestFacts facts = RequestFacts.ofAnswer(stream);
        List<Object> levels = stream.perFilterConfigs(name);
        for (int i = 0; i < levels.size(); i++) {
            LocalResponsePolicy policy = levels.get(i) instanceof CustomResponseExtension.Policies policies
                    ? policies.tree().find(facts)
                    : null;
            if (policy != null) {
                return policy;
            }
        }
        return own.tree().find(facts);
    }
}
