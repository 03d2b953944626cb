package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.http.HttpStream;
import java.util.Map;

/** One question to the service about one request. Confined to the request's loop. */
interface Check {
    /** Asks, once; {@code asker} may be told before this returns. */
    void ask(HttpStream stream, Question question, Asker asker);

    /** Gives up; nothing is told any more. */
    void cancel();

    /** Who is told the outcome: one of the two is called, once. */
    interface Asker {
        void onAnswer(Answer answer);

        /** The service could not be asked or made no sense. */
        void onError();
    }

    /**
     * What a question tells beside the request's head.
     *
     * @param body what there is of the request's body
     * @param withBody whether the service is told of the body at all
     * @param partial whether there is more of the body
     * @param extensions what the route tells the service
     */
    record Question(byte[] body, boolean withBody, boolean partial, Map<String, String> extensions) {}
}
