// Triage over several stores.
#pragma once

#include "falconer/ports/triage_desk.hpp"

#include <utility>
#include <vector>

namespace falconer::console {

/// An assessment lies in the store of its event; suppressions and what was done to them in the
/// first. An action that concerns several stores is one action in each, of one id. It is not atomic
/// over them: told again (by the same id), it goes on. Borrows the desks. Not one: undefined.
class merged_triage final : public triage_desk {
public:
    explicit merged_triage(std::vector<triage_desk*> desks) : desks_(std::move(desks)) {}

    task<result<assessments>>                 standing(std::vector<event_position> of) override;
    task<result<std::vector<event_position>>> visible(
        std::vector<event_position> of, readable_clusters who
    ) override;
    task<result<found_places>>   places(event_search what, std::size_t limit) override;
    task<result<cluster_counts>> count(event_search what) override;
    task<result<triage_outcome>> assess(assess_order what) override;
    task<result<triage_outcome>> undo(uuid action, uuid of, std::string who, std::string why)
        override;
    task<result<std::vector<triage_action>>> history(event_position of) override;
    task<result<std::vector<triage_action>>> actions(action_search what) override;
    task<result<std::vector<suppression>>>   suppressions(std::optional<utc_time> holding) override;
    task<result<void>> suppress(suppression what, uuid action, std::string comment) override;
    task<result<void>> change(suppression_change what) override;

private:
    std::vector<triage_desk*> desks_;
};

}  // namespace falconer::console
