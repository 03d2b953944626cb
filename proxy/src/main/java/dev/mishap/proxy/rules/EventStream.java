package dev.mishap.proxy.rules;

import dev.mishap.proxy.admin.AdminStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Events of rules as server-sent events, until the client goes. */
final class EventStream implements AdminStream {
    private final RuleEvents events;
    private final long after;
    private @Nullable Consumer<RuleEvents.Event> follower;

    EventStream(RuleEvents events, long after) {
        this.events = events;
        this.after = after;
    }

    @Override
    public boolean start(Sink sink) {
        Consumer<RuleEvents.Event> mine = event -> sink.write(event.serverSent());
        follower = mine;
        return events.follow(mine, after);
    }

    @Override
    public String keepAlive() {
        return ":\n\n";
    }

    @Override
    public void close() {
        Consumer<RuleEvents.Event> mine = follower;
        if (mine != null) {
            events.unfollow(mine);
        }
    }
}
