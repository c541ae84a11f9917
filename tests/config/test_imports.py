"""Import mappings: checked with the community, each slip told with its line and what would be right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.catalog import CatalogError, load_catalog
from config.settings import ROOT

EXAMPLE = ROOT / "config" / "example"
RIGHT = """\
id: hotline
name: 热线
source: hotline
columns: {单号: external_id, 说了什么: words, 片区: grid, 时间: asked_at}
optional: [片区]
values:
  grid: {东片: grid-1}
dates: ["%Y/%m/%d %H:%M"]
usual: {category: other, kind: appeal}
"""


def told(folder: Path) -> list[str]:
    try:
        load_catalog(folder)
    except CatalogError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "community")
    return tmp_path / "community"


def write(folder: Path, old: str = "", new: str = "") -> None:
    assert old in RIGHT
    (folder / "imports" / "hotline.yaml").write_text(RIGHT.replace(old, new, 1), encoding="utf-8")


def test_a_mapping_of_the_folder_is_known_by_its_id(folder: Path) -> None:
    write(folder)
    mapping = load_catalog(folder).imports["hotline"]
    assert mapping.required == ("单号", "说了什么", "时间")
    assert mapping.columns_of("words") == ("说了什么",)


def test_a_folder_without_mappings_is_a_community_all_the_same(folder: Path) -> None:
    shutil.rmtree(folder / "imports")
    assert load_catalog(folder).imports == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "时间: asked_at",
            "时间: when",
            'hotline.yaml:4: 导入表 hotline 的 "columns.时间" 不在可选的写法里；可以写：words、',
        ),
        (
            "时间: asked_at",
            "时间: words, 电话: phone, 手机: phone",
            'hotline.yaml:4: 导入表 hotline 的 "手机" 和 "电话" 都写 phone；只留一列',
        ),
        (
            "说了什么: words",
            "说了什么: place",
            "hotline.yaml:4: 导入表 hotline 没有居民的话；给说了什么的那一列写 words",
        ),
        (
            "[片区]",
            "[片曲]",
            'hotline.yaml:5: 导入表 hotline 的列 "片曲" 不在 columns 里；可以写：单号、',
        ),
        (
            "东片: grid-1",
            "东片: grid-11",
            'hotline.yaml:7: 导入表 hotline 的网格 "grid-11" 不存在；是否想写 "grid-1"',
        ),
        (
            "%Y/%m/%d %H:%M",
            "yyyy/mm/dd",
            'hotline.yaml:8: 导入表 hotline 的 "dates" "yyyy/mm/dd" 不是日期格式；写年月日时分',
        ),
        (
            "category: other",
            "category: rubbish",
            'hotline.yaml:9: 导入表 hotline 的类别 "rubbish" 不存在；',
        ),
        (
            "category: other",
            "colour: red",
            'hotline.yaml:9: 导入表 hotline 的 "usual.colour" 不在可选的写法里',
        ),
        ("source: hotline\n", "", 'hotline.yaml:1: 导入表 hotline 缺少 "source"；补上 source'),
        ("id: hotline", "id: standard", "standard.yaml:3: 导入表 standard 的编号已经用过"),
    ],
)
def test_a_slip_in_a_mapping_is_told_where_it_is(
    folder: Path, old: str, new: str, said: str
) -> None:
    write(folder, old, new)
    assert any(mistake.startswith(said) for mistake in told(folder)), told(folder)
