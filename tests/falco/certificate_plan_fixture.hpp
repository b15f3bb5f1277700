// Plans of certificates as the tests ask for them, and Secrets to plan from.
#pragma once

#include "falconer/falco/certificate_plan.hpp"

#include "certificate_fixture.hpp"

#include <gtest/gtest.h>

namespace falconer::test {

/// What the Go extension leaves behind, with leaves of 180 days.
inline falco::kept_secret secret_of_go(
    utc_time authority_from, utc_time leaf_from, bool key_ids = true
) {
    falco::kept_secret made;
    const auto         put = [&](const char* cert, const char* key, const falco::key_pair& what) {
        made.data[cert] = secret{what.certificate};
        made.data[key]  = what.key;
    };
    const auto ca = [&](const char* name) {
        return bake(
            {.name      = name,
             .from      = authority_from,
             .until     = authority_from + days(730),
             .authority = true,
             .key_ids   = key_ids}
        );
    };
    const auto leaf = [&](const falco::key_pair& by, const char* usage) {
        return bake(
            {.name      = "falcosidekick.kube-system.svc.cluster.local",
             .from      = leaf_from,
             .until     = std::min(leaf_from + days(180), authority_from + days(730)),
             .usage     = usage,
             .dns_names = sidekick_names,
             .key_ids   = key_ids},
            &by
        );
    };
    const auto server = ca("ca-falco-falcosidekick-shoot--demo--a");
    const auto client = ca("ca-falco-falco-shoot--demo--a");
    put("server-ca.cert", "server-ca.key", server);
    put("client-ca.crt", "client-ca.key", client);
    put("server.crt", "server.key", leaf(server, "serverAuth"));
    put("client.crt", "client.key", leaf(client, "clientAuth"));
    return made;
}

}  // namespace falconer::test

namespace falconer::falco {

inline const certificate_want wanted{.cluster_name = "shoot--demo--a"};

inline certificate_plan plan(
    const std::optional<kept_secret>& kept, utc_time now, const rolled_out& moved = {},
    const certificate_want& want = wanted
) {
    auto made = plan_certificates(kept, want, moved, now);
    EXPECT_TRUE(made) << made.error().detail;
    return *std::move(made);
}

/// All pods run what the plan delivers.
inline rolled_out all_have(const certificate_plan& what) {
    return {what.delivery.falco_checksum, what.delivery.falcosidekick_checksum};
}

inline bool they_talk(
    const certificate_delivery& sidekick, const certificate_delivery& falco, utc_time now
) {
    return static_cast<bool>(test::handshake(
        {sidekick.server, sidekick.client_trust}, {falco.client, falco.server_trust}, now
    ));
}

inline kept_secret changed(kept_secret from, const std::string& key, const std::string& value) {
    from.data[key] = secret{value};
    return from;
}

inline kept_secret without(kept_secret from, const std::string& key) {
    from.data.erase(key);
    return from;
}

}  // namespace falconer::falco
