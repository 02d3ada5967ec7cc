"""What hangs around a contest: its picture in words, and what the jury of the published one says."""

from __future__ import annotations

from collections.abc import Mapping

from contest.demo.content_shapes import Text, both, paragraphs

#: By slug: what the picture shows, and its caption.
PICTURES: Mapping[str, tuple[Text, Text]] = {
    "ferry-app": (
        both("Chart of Shiosaki Bay with lines of equal depth: two shores, an island, seven piers, five dotted routes and one ferry on its way.",
             "汐崎湾の海図。等深線と、2つの岸、1つの島、7つの桟橋、点線の5つの航路、航行中の渡船1隻。"),
        both("Shiosaki Bay: 62,000 trips a month. One trip in three begins at the wrong pier.",
             "汐崎湾。月に6万2千回の利用があり、3回に1回は違う桟橋に行くことから始まります。"),
    ),
    "safe-place": (
        both("Map of a hill at night with lines of equal height: a dotted way leads in six steps from the harbour to a light near the top.",
             "夜の丘の地図。等高線と、港から頂上近くの明かりまで、6つの点を通って続く点線の道。"),
        both("Six minutes, on foot, from the harbour to the school on the hill.",
             "港から丘の上の学校まで、歩いて6分。"),
    ),
    "sorting-guide": (
        both("Seven days side by side, on each a thing to put out: papers, a bottle, a bag, a can, a box, leaves and a bulb. The third day, with the bag, is lit.",
             "7つの曜日が並び、それぞれに出す物が1つずつ置かれた絵。古紙、びん、袋、缶、箱、草木、電球。3番目の、袋の日が明るい。"),
        both("Twelve kinds, seven days, one bag in the hand.", "12種類、7つの曜日、手には1つの袋。"),
    ),
}  # fmt: skip

#: By slug: what the jury says, and who it was.
JURIES: Mapping[str, tuple[Text, Text]] = {
    "sorting-guide": (
        paragraphs(
            ("We saw eight designs without a name, a country or a firm beside them. What we looked for was simple: someone with a thing in the hand, five minutes before the lorry comes.",
             "8点の作品を、名前も国も会社も知らずに見ました。探したのは、単純なことです。収集車が来る5分前、手に物を持った人の助けになるか。"),
            ("The best entries did not explain the rules better. They made them shorter. Where two entries shared a rank we gave both the same prize, and said so.",
             "優れた作品は、規則を上手に説明したのではなく、規則そのものを短くしていました。同じ順位になった2点には同じ賞を贈り、そのことを明記します。"),
        ),
        both("Mori Yui, Moira Grant, Sofie Holm, Tunde Bello, Inês Duarte. Chair: Aoki Haruka.", "森 結衣、Moira Grant、Sofie Holm、Tunde Bello、Inês Duarte。審査委員長：青木 遥。"),
    ),
}  # fmt: skip
