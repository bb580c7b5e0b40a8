// Reads private members of the production classes: the state that decides what a node does next
// stands there, and a search must tell two states apart that differ in it.
//
// An explicit instantiation may name private members (C++20, [temp.spec]/6), so nothing has to be
// changed in the classes themselves. Read only.
#ifndef TESTS_SMALL_SCOPE_PRIVATE_ACCESS_H_
#define TESTS_SMALL_SCOPE_PRIVATE_ACCESS_H_

namespace ringjournal::small_scope {

template <class Tag, auto kMember>
struct OpenMember {
  friend constexpr auto Reach(Tag) { return kMember; }
};

}  // namespace ringjournal::small_scope

// Defines NAME(object) for Class::member.
#define RJ_OPEN_MEMBER(NAME, Class, member)              \
  struct NAME##Tag {                                     \
    friend constexpr auto Reach(NAME##Tag);              \
  };                                                     \
  template struct OpenMember<NAME##Tag, &Class::member>; \
  inline const auto& NAME(const Class& object) { return object.*Reach(NAME##Tag()); }

#endif  // TESTS_SMALL_SCOPE_PRIVATE_ACCESS_H_
