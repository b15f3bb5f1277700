// What the schema of a CRD does to an object. The words are those of kube-apiserver 1.34.
#include "sandbox/kube_api/crd_schema.hpp"

#include "sandbox/kube_api/store.hpp"
#include "support/manual_time.hpp"
#include "support/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace falconer::sandbox {
namespace {

using ::falconer::testing::yaml;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char* const schema = R"(
type: object
required: [spec]
properties:
  spec:
    type: object
    required: [size]
    properties:
      size: {type: integer, minimum: 1, maximum: 9}
      name: {type: string, pattern: '^[a-z]+$', minLength: 2, maxLength: 5}
      kind: {type: string, enum: [a, b], default: a}
      port: {x-kubernetes-int-or-string: true}
      free: {type: object, x-kubernetes-preserve-unknown-fields: true}
      maybe: {type: string, nullable: true}
      labels: {type: object, additionalProperties: {type: string}}
      items:
        type: array
        maxItems: 2
        x-kubernetes-list-type: map
        x-kubernetes-list-map-keys: [name]
        items: {type: object, properties: {name: {type: string}, on: {type: boolean, default: true}}}
  status: {type: object}
)";

std::vector<std::string> wrong(const std::string& spec) {
    return violations(yaml("metadata: {anything: 1}\nspec: " + spec), yaml(schema));
}

TEST(CrdSchemaTest, DropsWhatItDoesNotKnow) {
    auto object = yaml(
        "apiVersion: e.com/v1\nkind: T\nmetadata: {name: t, labels: {a: b}}\nextra: 1\n"
        "spec: {size: 1, more: 2, free: {x: {y: 1}}, labels: {any: thing}, items: [{name: a, b: "
        "c}]}"
    );
    EXPECT_THAT(prune(object, yaml(schema)), ElementsAre("spec.items[0].b", "spec.more", "extra"));
    EXPECT_EQ(
        object, yaml("apiVersion: e.com/v1\nkind: T\nmetadata: {name: t, labels: {a: b}}\n"
                     "spec: {size: 1, free: {x: {y: 1}}, labels: {any: thing}, items: [{name: a}]}")
    );
}

TEST(CrdSchemaTest, FillsDefaultsInAlsoWithinLists) {
    auto object = yaml("spec: {size: 1, kind: null, items: [{name: a}, {name: b, on: false}]}");
    fill_defaults(object, yaml(schema));
    EXPECT_EQ(
        object, yaml("spec: {size: 1, kind: a, items: [{name: a, on: true}, {name: b, on: false}]}")
    );
}

TEST(CrdSchemaTest, TellsWhatBreaksIt) {
    EXPECT_THAT(wrong("{size: 3, name: abc, port: 8080, maybe: null, labels: {a: b}}"), IsEmpty());
    EXPECT_THAT(wrong("{size: 3, port: https}"), IsEmpty());
    EXPECT_THAT(
        violations(yaml("metadata: {}"), yaml(schema)), ElementsAre("spec: Required value")
    );
    EXPECT_THAT(wrong("{}"), ElementsAre("spec.size: Required value"));
    EXPECT_THAT(
        wrong("{size: large}"),
        ElementsAre(
            R"(spec.size: Invalid value: "string": spec.size in body must be of type integer: "string")"
        )
    );
    EXPECT_THAT(
        wrong("{size: 0, name: a}"),
        ElementsAre(
            "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
            R"(spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long)"
        )
    );
    EXPECT_THAT(
        wrong("{size: 1, name: A1}"),
        ElementsAre(R"(spec.name: Invalid value: "A1": spec.name in body should match '^[a-z]+$')")
    );
    EXPECT_THAT(
        wrong("{size: 1, name: abcdef}"),
        ElementsAre("spec.name: Too long: may not be more than 5 bytes")
    );
    EXPECT_THAT(
        wrong("{size: 1, kind: c}"),
        ElementsAre(R"(spec.kind: Unsupported value: "c": supported values: "a", "b")")
    );
    EXPECT_THAT(wrong("{size: 1, port: true}"), ElementsAre(HasSubstr("integer,string")));
    EXPECT_THAT(wrong("{size: 1, labels: {a: 1}}"), ElementsAre(HasSubstr("spec.labels.a")));
    EXPECT_THAT(
        wrong("{size: 1, items: [{name: a}, {name: b}, {name: a}]}"),
        ElementsAre(
            "spec.items: Too many: 3: must have at most 2 items",
            R"(spec.items[2]: Duplicate value: {"name":"a"})"
        )
    );
    EXPECT_THAT(wrong("{size: 1, items: [1]}"), ElementsAre(HasSubstr("spec.items[0]")));
}

TEST(CrdSchemaTest, LogicIsUnderstood) {
    const auto either = yaml(
        "{type: object, properties: {a: {type: string}, b: {type: string}}, "
        "oneOf: [{required: [a]}, {required: [b]}]}"
    );
    EXPECT_THAT(violations(yaml("{a: x}"), either), IsEmpty());
    EXPECT_EQ(violations(yaml("{a: x, b: x}"), either).size(), 1u);
    EXPECT_EQ(violations(yaml("{}"), either).size(), 1u);
    EXPECT_EQ(violations(yaml("{a: x}"), yaml("{not: {required: [a]}}")).size(), 1u);
    EXPECT_EQ(violations(yaml("{a: x}"), yaml("{anyOf: [{required: [b]}]}")).size(), 1u);
    EXPECT_EQ(violations(yaml("{a: x}"), yaml("{allOf: [{required: [b]}]}")).size(), 1u);
}

class CrdStoreTest : public ::testing::Test {
protected:
    asio::io_context  loop{1};
    test::manual_time time{loop};
    api_store         store{time};
    const kube_type   crds{
          .group      = "apiextensions.k8s.io",
          .kind       = "CustomResourceDefinition",
          .plural     = "customresourcedefinitions",
          .namespaced = false
    };
    const kube_type things{.group = "e.com", .kind = "Thing", .plural = "things"};
    const kube_key  key{"default", "t"};

    result<value> define(const std::string& name, const std::string& spec) {
        return store.create(crds, {{}, name}, yaml("spec: " + spec), {});
    }
    void define() {
        auto crd = yaml(
            "spec: {group: e.com, scope: Namespaced, names: {plural: things, kind: Thing}, "
            "versions: [{name: v1, served: true, storage: true, subresources: {status: {}}}]}"
        );
        crd["spec"]["versions"].item(0)["schema"]["openAPIV3Schema"] = yaml(schema);
        const auto made = store.create(crds, {{}, "things.e.com"}, crd, {});
        ASSERT_TRUE(made) << made.error().detail;
    }
};

TEST_F(CrdStoreTest, EveryWriteIsHeldToTheSchema) {
    define();
    const auto made = store.create(things, key, yaml("spec: {size: 1, unknown: x}"), {});
    ASSERT_TRUE(made) << made.error().detail;
    EXPECT_EQ(*made->find("spec"), yaml("{size: 1, kind: a}"));

    const auto bad = store.create(things, {"default", "bad"}, yaml("spec: {size: 10}"), {});
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, errc::malformed);
    EXPECT_THAT(bad.error().detail, HasSubstr("Thing.e.com \"bad\" is invalid: spec.size: "));
    EXPECT_FALSE(store.get(things, {"default", "bad"})) << "nothing half-written";

    const auto patched =
        store.patch(things, key, api_patch_kind::merge, yaml("spec: {size: null}"), {});
    ASSERT_FALSE(patched);
    EXPECT_THAT(patched.error().detail, HasSubstr("spec.size: Required value"));
    const auto applied = store.apply(
        things, key, yaml("spec: {size: 2, unknown: y}"), {.manager = "me", .force = true}
    );
    ASSERT_TRUE(applied) << applied.error().detail;
    EXPECT_EQ(*applied->find("spec"), yaml("{size: 2, kind: a}"));
}

TEST_F(CrdStoreTest, WhatIsFixedStaysWhatItIs) {
    auto crd = yaml(R"(
spec:
  group: e.com
  scope: Namespaced
  names: {plural: things, kind: Thing}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              class:
                type: string
                x-kubernetes-validations: [{rule: self == oldSelf, message: Value is immutable}]
              free: {type: string}
)");
    EXPECT_TRUE(crd_warnings(crd).empty());
    ASSERT_TRUE(store.create(crds, {{}, "things.e.com"}, crd, {}));
    ASSERT_TRUE(store.create(things, key, yaml("spec: {free: a}"), {}));
    const auto change = [&](const char* spec) {
        const auto to = yaml(std::string("spec: ") + spec);
        return store.patch(things, key, api_patch_kind::merge, to, {});
    };
    EXPECT_TRUE(change("{class: shoot}")) << "it was not there";
    EXPECT_TRUE(change("{free: b}"));
    const auto refused = change("{class: seed}");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::malformed);
    EXPECT_EQ(
        refused.error().detail,
        R"(Thing.e.com "t" is invalid: spec.class: Invalid value: "seed": Value is immutable)"
    );
    EXPECT_EQ(store.get(things, key)->text_at({"spec", "class"}), "shoot");
    EXPECT_TRUE(change("{class: null}")) << "as on a real one: the rule is asked of values only";
}

TEST_F(CrdStoreTest, WhatIsNotPlayedIsSaid) {
    auto       crd  = yaml("spec: {versions: [{name: v1, schema: {openAPIV3Schema: {}}}]}");
    const auto with = [&](const char* of) {
        crd["spec"]["versions"].item(0)["schema"]["openAPIV3Schema"] = yaml(of);
        return crd_warnings(crd);
    };
    EXPECT_TRUE(with("{type: object}").empty());
    const auto rules = with(
        "{type: object, properties: {a: {type: string, x-kubernetes-validations: [{rule: self != "
        "'x'}, "
        "{rule: self == oldSelf}]}, b: {type: array, items: {type: object, "
        "x-kubernetes-validations: [{rule: self == oldSelf}]}}}}"
    );
    ASSERT_EQ(rules.size(), 1u);
    EXPECT_THAT(
        rules[0], HasSubstr("not: 2 of the rules, the first at spec.versions[0].schema."
                            "openAPIV3Schema.properties[a]")
    );
    crd["spec"]["conversion"]["strategy"] = "Webhook";
    EXPECT_EQ(with("{type: object}").size(), 1u);
    EXPECT_THAT(with("{type: object}")[0], HasSubstr("does not convert"));
}

TEST_F(CrdStoreTest, ABrokenDefinitionIsRefusedWithAllThatIsWrong) {
    for (const auto& [name, spec, why] : {
             std::tuple{
                 "other.e.com",
                 "{group: e.com, scope: Namespaced, names: {plural: things, kind: Thing}, "
                 "versions: [{name: v1, served: true, storage: true, schema: "
                 "{openAPIV3Schema: {type: object}}}]}",
                 "must be spec.names.plural+\".\"+spec.group"
             },
             {"things.e.com",
              "{group: e.com, scope: Everywhere, names: {plural: things, kind: Thing}, versions: "
              "[{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: "
              "object}}}]}",
              "spec.scope: Unsupported value: \"Everywhere\""},
             {"things.e.com",
              "{group: e.com, scope: Namespaced, names: {plural: things, kind: Thing}, versions: "
              "[{name: v1, served: true, storage: true}]}",
              "schemas are required"},
             {"things.e.com",
              "{group: e.com, scope: Namespaced, names: {plural: things, kind: Thing}, versions: "
              "[{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
              "properties: {a: {type: text}}}}}]}",
              "properties[a].type: Unsupported value: \"text\""},
             {"things.e.com",
              "{group: e.com, scope: Namespaced, names: {plural: things, kind: Thing}, versions: "
              "[]}",
              "exactly one version marked as storage"},
         }) {
        const auto made = define(name, spec);
        ASSERT_FALSE(made) << why;
        EXPECT_EQ(made.error().code, errc::malformed);
        EXPECT_THAT(made.error().detail, HasSubstr(why));
        EXPECT_EQ(store.types().find("e.com", "v1", "things"), nullptr);
    }
}

}  // namespace
}  // namespace falconer::sandbox
