// A shoots' office that remembers in words what it was told.
#pragma once

#include "falconer/mailbox.hpp"
#include "falconer/messages.hpp"

#include <string>
#include <vector>

namespace falconer::test {

class told_shoots final : public shoot_office {
public:
    std::vector<std::string> told{};

    void tell(const cluster_identity& to, const shoot_message& what) override {
        std::visit(
            overloaded{
                [&](tokens_refused) { told.push_back(to.text + " refused"); },
                [&](quota_changed fact) {
                    told.push_back(to.text + (fact.spent ? " spent" : " calm"));
                },
                [&](heartbeat_changed fact) {
                    told.push_back(to.text + (fact.silent_since ? " silent" : " beats"));
                },
                [&](sight_changed fact) {
                    told.push_back(
                        to.text + (fact.reason ? " seen " + std::to_string(*fact.reason) : " seen")
                    );
                },
                [&](auto) { told.emplace_back("?"); },
            },
            what
        );
    }
};

}  // namespace falconer::test
